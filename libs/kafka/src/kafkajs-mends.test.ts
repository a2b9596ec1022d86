import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { connectionSettings } from './connection-options.ts'
import { brokerConnector } from './kafkajs-internals.ts'
import { heartbeatCall } from './protocol/heartbeat.ts'

const API_VERSIONS = 18
const HEARTBEAT = 12

/** A broker that serves ApiVersions and Heartbeat; `heartbeat` writes its answer, on which connection, counted from 1, it came. */
async function broker(heartbeat: (answer: Buffer, socket: Socket, connection: number) => void) {
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => undefined)
    socket.on('data', (request) => {
      const apiKey = request.readInt16BE(4)
      const correlationId = request.readInt32BE(8)
      if (apiKey === API_VERSIONS) socket.write(frame(correlationId, [0, 0, 1, HEARTBEAT, 0, 3, 0, 0]))
      else heartbeat(frame(correlationId, [0, 0, 0]), socket, connection)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const { port } = address
  const settings = connectionSettings({ bootstrapServers: `127.0.0.1:${port}`, clientId: 't', requestTimeoutMs: 1_000 })
  const client = brokerConnector(settings)(address)
  onTestFinished(() => client.close())
  const beat = () => client.send(heartbeatCall({ groupId: 'g', memberId: 'm', generation: 1 }))
  return { beat, connections: () => connections }
}

/** The correlation id and 16-bit words. */
function frame(correlationId: number, words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + 2 * words.length)
  bytes.writeInt32BE(bytes.length - 4)
  bytes.writeInt32BE(correlationId, 4)
  for (const [index, word] of words.entries()) bytes.writeInt16BE(word, 8 + 2 * index)
  return bytes
}

const LOST = { code: 'broker-unavailable', retriable: true }

test('after an answer that is cut off in its middle, the next connection is read from its beginning', async () => {
  const { beat, connections } = await broker((answer, socket, connection) => {
    if (connection === 1) socket.end(answer.subarray(0, 6))
    else socket.write(answer)
  })
  await expect(beat()).rejects.toMatchObject(LOST)
  await expect(beat()).resolves.toBe(0)
  expect(connections()).toBe(2)
})

test('a connection that has gone silent fails one request, and is replaced', async () => {
  const { beat, connections } = await broker((answer, socket, connection) => {
    if (connection > 1) socket.write(answer)
  })
  await expect(beat()).rejects.toMatchObject(LOST)
  await expect(beat()).resolves.toBe(0)
  expect(connections()).toBe(2)
})
