import type { Socket } from 'node:net'
import kafkajs from 'kafkajs'
// @ts-expect-error -- a module without types: see `Connection`
import connectionModule from 'kafkajs/src/network/connection.js'
// @ts-expect-error -- a module without types: see `RequestQueue`
import requestQueueModule from 'kafkajs/src/network/requestQueue/index.js'

// What kafkajs gets wrong in its connections, put right on its prototypes, for our requests and for its own admin client.

interface Connection {
  readonly broker: string
  socket: Socket | undefined
  bytesBuffered: number
  bytesNeeded: number
  chunks: Buffer[]
  isConnected(): boolean
  connect(): Promise<unknown>
  send(call: unknown): Promise<unknown>
  rejectRequests(error: Error): void
  processData(bytes: Buffer): void
  disconnect(): Promise<unknown>
}

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}

const SIZE_BYTES = 4

const connection = (connectionModule as { prototype: Connection }).prototype
const requestQueue = (requestQueueModule as { prototype: RequestQueue }).prototype
const { connect, processData, send } = connection
const { scheduleCheckPendingRequests } = requestQueue

/** Once for all connections; needed before the first one. */
export function mendKafkajs(): void {
  // What was left of an answer when a connection was lost is no part of the next one's: kafkajs reads on where it was.
  connection.connect = function (this: Connection): Promise<unknown> {
    if (!this.isConnected()) Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: SIZE_BYTES })
    return connect.call(this)
  }

  // A request that times out ends its connection, before it is told of: the answer may still come, or the peer be gone without a word, and
  // kafkajs would go on sending to it.
  connection.send = async function (this: Connection, call: unknown): Promise<unknown> {
    try {
      return await send.call(this, call)
    } catch (error) {
      if (error instanceof kafkajs.KafkaJSRequestTimeoutError && this.isConnected()) await hangUp(this, error)
      throw error
    }
  }

  // kafkajs puts each answer together with what was left of the one before, and so copies it, where that was nothing too.
  connection.processData = function (this: Connection, bytes: Buffer): void {
    if (this.bytesBuffered === 0) this.chunks = []
    processData.call(this, bytes)
  }

  // After each answer kafkajs sets a timer to look at an empty queue, with a negative delay, of which Node 24 warns on stderr.
  requestQueue.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this)
  }
}

async function hangUp(lost: Connection, { message }: Error): Promise<void> {
  const { socket, broker } = lost
  lost.rejectRequests(new kafkajs.KafkaJSConnectionError(`Closed connection, on which another ${message}`, { broker }))
  await lost.disconnect()
  socket?.destroy()
}
