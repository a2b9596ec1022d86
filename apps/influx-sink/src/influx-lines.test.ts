import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { buffer } from 'node:stream/consumers'
import { afterEach, expect, it } from 'vitest'
import { influxLines, type LineWriter } from './influx-lines.ts'

const servers: Server[] = []
const writers: LineWriter[] = []
afterEach(() => {
  for (const writer of writers.splice(0)) writer.close()
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** A server on loopback that answers each request as told, and a writer to it. */
async function writerTo(answer: (request: IncomingMessage, response: ServerResponse) => unknown, timeoutMs = 10_000) {
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const writer = influxLines({
    url: `http://127.0.0.1:${port}`,
    token: 'hush',
    org: 'an org',
    bucket: 'market',
    timeoutMs,
  })
  writers.push(writer)
  return { writer, server }
}

it('writes all lines in one request, in ns, with the token', async () => {
  const requests: unknown[] = []
  const { writer } = await writerTo(async (request, response) => {
    const { method, url, headers } = request
    requests.push({ method, url, token: headers.authorization, body: await text(request) })
    response.writeHead(204).end()
  })
  expect(await writer.write(['a v=1 1', 'b v=2 2'])).toEqual({ ok: true })
  expect(requests).toEqual([
    {
      method: 'POST',
      url: '/api/v2/write?org=an%20org&bucket=market&precision=ns',
      token: 'Token hush',
      body: 'a v=1 1\nb v=2 2',
    },
  ])
})

it('writes ten thousand lines in one request, and resolves after the answer', async () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `m,symbol=S${index} v=${index}i ${index}`)
  const bodies: string[] = []
  let answered = false
  const { writer } = await writerTo(async (request, response) => {
    const bytes = await buffer(request)
    bodies.push((request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString())
    setImmediate(() => {
      answered = true
      response.writeHead(204).end()
    })
  })
  expect(await writer.write(lines)).toEqual({ ok: true })
  expect(answered).toBe(true)
  expect(bodies).toEqual([lines.join('\n')])
})

it('sends once, whatever the answer', async () => {
  let requests = 0
  const { writer } = await writerTo((_request, response) => {
    requests++
    response.writeHead(503, { 'retry-after': '3' }).end()
  })
  expect(await writer.write(['a v=1 1'])).toMatchObject({ ok: false, failure: { kind: 'away', retryAfterMs: 3000 } })
  expect(requests).toBe(1)
})

it('keeps nothing of a failed write for the next one', async () => {
  const bodies: string[] = []
  const { writer } = await writerTo(async (request, response) => {
    bodies.push(await text(request))
    response.writeHead(bodies.length === 1 ? 500 : 204).end()
  })
  await writer.write(['a v=1 1'])
  expect(await writer.write(['b v=2 2'])).toEqual({ ok: true })
  expect(bodies).toEqual(['a v=1 1', 'b v=2 2'])
})

it('is away where the connection is refused or cut', async () => {
  const cut = await writerTo((request) => request.socket.destroy())
  expect(await cut.writer.write(['a v=1 1'])).toMatchObject({ ok: false, failure: { kind: 'away' } })
  cut.server.close().closeAllConnections()
  await once(cut.server, 'close')
  const refused = await cut.writer.write(['a v=1 1'])
  expect(refused).toMatchObject({
    ok: false,
    failure: { kind: 'away', message: expect.stringContaining('ECONNREFUSED') },
  })
})

it('is away where there is no answer in time, and gives the connection up', async () => {
  const { writer, server } = await writerTo(() => undefined, 20)
  const closed = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)))
  expect(await writer.write(['a v=1 1'])).toEqual({
    ok: false,
    failure: { kind: 'away', message: 'Request timed out' },
  })
  await closed
})
