import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { connectClient } from './client-fixture.ts'
import { wireFrames } from './wire-frames.ts'

it('messages of all sizes, text and binary, arrive as they were, between those of the library', async () => {
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 300_000]
  const payloads = sizes.flatMap((size) => [
    { bytes: Buffer.alloc(size, 'é'), binary: true },
    { bytes: Buffer.alloc(size, 'x'), binary: false },
  ])
  const http = createServer()
  const server = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) =>
    server.handleUpgrade(request, socket, head, (ws) => {
      ws.send('first')
      socket.write(wireFrames(payloads))
      ws.send('last')
    }),
  )
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const client = connectClient(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`)
  const received = await client.take(payloads.length + 2)
  expect(received).toEqual(['first', ...payloads.map(({ bytes }) => bytes.toString()), 'last'])
  client.ws.terminate()
  http.close()
})
