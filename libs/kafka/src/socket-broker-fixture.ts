import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { connectionSettings } from './connection-options.ts'
import { brokerConnector } from './kafkajs-internals.ts'

const API_VERSIONS = 18
/** Produce, Fetch and Heartbeat, each with its newest version. */
const SERVED = [0, 0, 8, 1, 0, 11, 12, 0, 3]

/** For what has to end before any time is up: a test that waits for it fails by its own. */
export const FAR_BEYOND_THE_TEST_MS = 600_000

/** Answers a request: `noError` is an answer of an error code alone, of none. Connections are counted from 1. */
export type SocketAnswer = (noError: Buffer, socket: Socket, connection: number) => void

export interface SocketBrokerOptions {
  onEnd(end: () => void | Promise<void>): void
  readonly answer: SocketAnswer
  /** How long the client waits for an answer, and for a connection. */
  readonly timeoutMs: number
  /** Asks `answer` too what it serves. */
  readonly isSilent?: boolean
  readonly ssl?: boolean
}

/** A broker at a real socket, which says what it serves, and a connection to it. All else is answered by `answer`. */
export async function socketBroker({ onEnd, answer, timeoutMs, isSilent = false, ssl = false }: SocketBrokerOptions) {
  let connections = 0
  // What the client ends is not ended here, as by a machine that is gone.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = ++connections
    onEnd(() => void socket.destroy())
    socket.on('error', () => undefined)
    socket.on('data', (request) => {
      const apiKey = request.readInt16BE(4)
      const correlationId = request.readInt32BE(8)
      if (apiKey === API_VERSIONS && !isSilent)
        socket.write(frame(correlationId, [0, 0, SERVED.length / 3, ...SERVED, 0, 0]))
      else answer(frame(correlationId, [0, 0, 0]), socket, connection)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(() => void server.close())
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const bootstrapServers = `${address.host}:${address.port}`
  const timeouts = { requestTimeoutMs: timeoutMs, connectionTimeoutMs: timeoutMs }
  const settings = connectionSettings({ bootstrapServers, clientId: 't', ...timeouts, ssl })
  const client = brokerConnector(settings)(address)
  onEnd(() => client.close())
  return { client, connections: () => connections }
}

/** The correlation id and 16-bit words. */
function frame(correlationId: number, words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + 2 * words.length)
  bytes.writeInt32BE(bytes.length - 4)
  bytes.writeInt32BE(correlationId, 4)
  for (const [index, word] of words.entries()) bytes.writeInt16BE(word, 8 + 2 * index)
  return bytes
}
