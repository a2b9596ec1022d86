import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { generate } from 'selfsigned'
import { expect, onTestFinished, test } from 'vitest'
import { brokerSocket } from './broker-sockets.ts'

const answer = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.alloc(3 * 65_536, 'a')])

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function firstAnswer(port: number, ssl?: { ca: string }): Promise<Buffer> {
  const socket = brokerSocket({ host: '127.0.0.1', port, ssl, onConnect: () => undefined })
  onTestFinished(() => void socket.destroy())
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes
}

const answers = (socket: Socket) => void socket.on('error', () => undefined).end(answer)

test('a socket gives out an answer as a whole', async () => {
  expect((await firstAnswer(await listening(createServer(answers)))).equals(answer)).toBe(true)
})

test('so does one with TLS', async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  const port = await listening(createTlsServer({ cert, key }, answers))
  expect((await firstAnswer(port, { ca: cert })).equals(answer)).toBe(true)
})

test('a server that is no broker is told from one', async () => {
  const port = await listening(
    createServer((socket) => void socket.on('error', () => undefined).end('HTTP/1.1 400\r\n')),
  )
  await expect(firstAnswer(port)).rejects.toThrow(/begins with 'HTTP', which is no size/)
})
