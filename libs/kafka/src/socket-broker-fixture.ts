import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { connectionSettings } from './connection-options.ts'
import { brokerConnector } from './kafkajs-internals.ts'

const API_VERSIONS = 18
/** Produce, Fetch and Heartbeat, each with its newest version. */
const SERVED = [0, 0, 8, 1, 0, 11, 12, 0, 3]

/** Answers a request: `noError` is an answer of an error code alone, of none. Connections are counted from 1. */
export type SocketAnswer = (noError: Buffer, socket: Socket, connection: number) => void

/** A broker at a real socket, which says what it serves, and a connection to it. All else is answered by `answer`. */
export async function socketBroker({
  onEnd,
  answer,
}: {
  onEnd(end: () => void | Promise<void>): void
  answer: SocketAnswer
}) {
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    onEnd(() => void socket.destroy())
    socket.on('error', () => undefined)
    socket.on('data', (request) => {
      const apiKey = request.readInt16BE(4)
      const correlationId = request.readInt32BE(8)
      if (apiKey === API_VERSIONS) socket.write(frame(correlationId, [0, 0, SERVED.length / 3, ...SERVED, 0, 0]))
      else answer(frame(correlationId, [0, 0, 0]), socket, connection)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(() => void server.close())
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const bootstrapServers = `${address.host}:${address.port}`
  const client = brokerConnector(connectionSettings({ bootstrapServers, clientId: 't', requestTimeoutMs: 1_000 }))(
    address,
  )
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
