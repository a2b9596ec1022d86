import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { recordSchemas } from './record-schemas.ts'
import { connectRegistry } from './registry.ts'

/** What the server below answers, by request line; a list is answered in turn, its last entry for ever. */
type Answers = Record<string, [status: number, body: unknown][]>

const servers: Server[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed)))))

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks = await request.toArray()
  return Buffer.concat(chunks as Buffer[]).toString()
}

/** An HTTP server with fixed answers: what the registry says is real, who says it is not. */
async function answering(answers: Answers) {
  const requests: string[] = []
  const bodies: string[] = []
  const server = createServer((request, response) => {
    const line = `${request.method} ${request.url}`
    void bodyOf(request).then((text) => {
      requests.push(line)
      bodies.push(text)
      const list = answers[line] ?? []
      const [status, body] = (list.length > 1 ? list.shift() : list[0]) ?? [
        404,
        { error_code: 404, message: 'HTTP 404' },
      ]
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json', connection: 'close' })
      response.end(JSON.stringify(body))
    })
  })
  servers.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/api/`, requests, bodies }
}

const quick = { retryDelayMs: 1, maxRetries: 2, timeoutMs: 2_000 }
const subject = 'binance-trades-value'
const subjects: Answers = { 'GET /api/subjects': [[200, [subject]]] }
const tradeText = JSON.stringify(recordSchemas.Trade)
const schemaMissing = [404, { error_code: 40403, message: 'not found' }] satisfies [number, unknown]

test('registers a schema as it is, at the level that keeps all readers working', async () => {
  const { url, bodies } = await answering({
    [`POST /api/subjects/${subject}/versions`]: [[200, { id: 7 }]],
    [`PUT /api/config/${subject}`]: [[200, {}]],
  })
  expect(await connectRegistry({ url, ...quick }).register(subject, 'Trade')).toBe(7)
  const sent = bodies.filter((body) => body !== '').map((body) => JSON.parse(body) as unknown)
  expect(sent).toEqual([{ schema: tradeText }, { compatibility: 'BACKWARD_TRANSITIVE' }])
})

test('registers in a subject whatever level it reports, and leaves the level as it is', async () => {
  const { url, requests } = await answering({
    [`GET /api/config/${subject}`]: [[200, { compatibilityLevel: 'NONE' }]],
    [`POST /api/subjects/${subject}/versions`]: [[200, { id: 7 }]],
  })
  expect(await connectRegistry({ url, ...quick }).register(subject, 'Trade')).toBe(7)
  expect(requests.filter((line) => line.startsWith('PUT'))).toEqual([])
})

test('a schema that old data can not be read with is refused as incompatible', async () => {
  const { url } = await answering({
    [`POST /api/subjects/${subject}/versions`]: [[409, { error_code: 409, message: 'field price was removed' }]],
  })
  const registering = connectRegistry({ url, ...quick }).register(subject, 'Trade')
  await expect(registering).rejects.toMatchObject({ code: 'incompatible', retriable: false })
  await expect(registering).rejects.toThrow(/register Trade for subject binance-trades-value.*field price was removed/)
})

test('sets the level of all subjects', async () => {
  const { url, requests, bodies } = await answering({ 'PUT /api/config': [[200, {}]] })
  await connectRegistry({ url, ...quick }).setCompatibility('BACKWARD_TRANSITIVE')
  expect(requests).toEqual(['PUT /api/config'])
  expect(bodies).toEqual(['{"compatibility":"BACKWARD_TRANSITIVE"}'])
})

test('finds the id of a schema in its subject', async () => {
  const { url } = await answering({
    [`POST /api/subjects/${subject}`]: [[200, { id: 12, version: 3, schema: tradeText }]],
  })
  expect(await connectRegistry({ url, ...quick }).idOf(subject, 'Trade')).toBe(12)
})

test('a schema that is not in its subject: the error says which step makes it so', async () => {
  const { url } = await answering({ ...subjects, [`POST /api/subjects/${subject}`]: [schemaMissing] })
  const asking = connectRegistry({ url, ...quick }).idOf(subject, 'Trade')
  await expect(asking).rejects.toMatchObject({ code: 'not-registered', retriable: false })
  await expect(asking).rejects.toThrow(/Trade is not registered for subject binance-trades-value.*prepare step/)
})

test('fetches a schema once', async () => {
  const { url, requests } = await answering({ 'GET /api/schemas/ids/12': [[200, { schema: tradeText }]] })
  const registry = connectRegistry({ url, ...quick })
  expect((await registry.schemaById(12))?.name).toBe('tidemark.Trade')
  expect((await registry.schemaById(12))?.name).toBe('tidemark.Trade')
  expect(requests).toHaveLength(1)
})

test('an unknown id is remembered for a while, then asked for again', async () => {
  const found = [200, { schema: tradeText }] satisfies [number, unknown]
  const { url, requests } = await answering({ ...subjects, 'GET /api/schemas/ids/9': [schemaMissing, found] })
  let nowMs = 1_000
  const registry = connectRegistry({ url, ...quick, unknownIdTtlMs: 500, now: () => nowMs })
  expect(await registry.schemaById(9)).toBeUndefined()
  nowMs = 1_499
  expect(await registry.schemaById(9)).toBeUndefined()
  expect(requests).toEqual(['GET /api/schemas/ids/9', 'GET /api/subjects'])
  nowMs = 1_500
  expect((await registry.schemaById(9))?.name).toBe('tidemark.Trade')
})

test('a schema that is not Avro is none to us', async () => {
  const json = { schemaType: 'JSON', schema: '{"type":"object"}' }
  const { url } = await answering({ 'GET /api/schemas/ids/4': [[200, json]] })
  expect(await connectRegistry({ url, ...quick }).schemaById(4)).toBeUndefined()
})

test('an address that is no registry is an error, not an unknown schema', async () => {
  const { url } = await answering({})
  const asking = connectRegistry({ url, ...quick }).schemaById(9)
  await expect(asking).rejects.toMatchObject({ code: 'not-a-registry', retriable: false })
  await expect(asking).rejects.toThrow(/SCHEMA_REGISTRY_URL/)
})

test('a failure that may pass is tried again', async () => {
  const { url, requests } = await answering({
    'GET /api/schemas/ids/1': [
      [503, 'busy'],
      [429, 'slower'],
      [200, { schema: tradeText }],
    ],
  })
  expect((await connectRegistry({ url, ...quick }).schemaById(1))?.name).toBe('tidemark.Trade')
  expect(requests).toHaveLength(3)
})

test('a failure that does not pass ends the tries, as one that is worth another try later', async () => {
  const { url, requests } = await answering({ 'GET /api/schemas/ids/1': [[500, { message: 'broken' }]] })
  const asking = connectRegistry({ url, ...quick }).schemaById(1)
  await expect(asking).rejects.toMatchObject({ code: 'unavailable', retriable: true })
  expect(requests).toHaveLength(3)
})

test('a refusal is not tried again', async () => {
  const { url, requests } = await answering({ 'GET /api/schemas/ids/1': [[401, { message: 'who are you' }]] })
  const asking = connectRegistry({ url, ...quick }).schemaById(1)
  await expect(asking).rejects.toMatchObject({ code: 'refused', retriable: false })
  expect(requests).toHaveLength(1)
})

test('nobody at the address: unavailable, with the address', async () => {
  const { url } = await answering({})
  await new Promise((closed) => servers.pop()?.close(closed))
  const registry = connectRegistry({ url, ...quick })
  const calls = [
    () => registry.schemaById(1),
    () => registry.setCompatibility('NONE'),
    () => registry.idOf(subject, 'Trade'),
  ]
  for (const call of calls) {
    const asking = call()
    await expect(asking).rejects.toMatchObject({ code: 'unavailable', retriable: true })
    await expect(asking).rejects.toThrow(/127\.0\.0\.1.*ECONNREFUSED/)
  }
})

test('a registry that does not answer is given up after timeoutMs', async () => {
  const server = createServer(() => undefined)
  servers.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const registry = connectRegistry({ url: `http://127.0.0.1:${port}`, timeoutMs: 20, maxRetries: 1, retryDelayMs: 1 })
  await expect(registry.schemaById(1)).rejects.toMatchObject({ code: 'unavailable' })
  server.closeAllConnections()
})
