import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { json } from 'node:stream/consumers'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, valueSubject, type Alert, type MarketMetrics } from '@tidemark/schemas'
import { RecordCollector } from '@tidemark/streams'
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest'
import { quietMinute } from './metrics-fixture.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
    registry: string
  }
}

interface SlackPost {
  readonly text: string
  readonly blocks: readonly { readonly type: string }[]
}

const runId = Date.now().toString(36).toUpperCase()
const symbol = `ALERT${runId}`
const kafka = kafkaPorts({ bootstrapServers: inject('kafka'), clientId: 'alert-engine-test' })
const registry = connectRegistry({ url: inject('registry') })
const codec = avroCodec<MarketMetrics>('MarketMetrics', { registry, subject: valueSubject(topicNames.marketMetrics) })
const alertCodec = avroCodec<Alert>('Alert', { registry, subject: valueSubject(topicNames.alerts) })
const stops: (() => Promise<unknown>)[] = []

let collector: RecordCollector
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-alerts-'))
  await codec.prepare?.()
  collector = new RecordCollector(kafka.producer({}))
  await collector.open(topicNames.marketMetrics)
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(async () => {
  await kafka.close()
  await rm(folder, { recursive: true })
})

/** A Slack webhook on loopback. */
async function slack(answer: (response: ServerResponse, request: number) => void) {
  const posts: SlackPost[] = []
  const server = createServer((request, response) => {
    void json(request).then((body) => answer(response, posts.push(body as SlackPost)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(async () => server.close().closeAllConnections())
  return { posts, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T/B/hush` }
}

async function startApp(extra: Record<string, string>) {
  const rules = join(folder, 'rules.yaml')
  await writeFile(
    rules,
    `rules: [{ name: busy, metric: trade_count, window: 1m, comparison: at_least, threshold: 10, severity: warning, cooldown_ms: 300000, symbols: [${symbol}] }]`,
  )
  const env = {
    PATH: '',
    HEALTH_PORT: '0',
    HEALTH_HOST: '127.0.0.1',
    KAFKA_BOOTSTRAP_SERVERS: inject('kafka'),
    SCHEMA_REGISTRY_URL: inject('registry'),
    ALERT_RULES: rules,
    ...extra,
  }
  const main = new URL('./main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--conditions=@tidemark/source', main], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  const end = (): Promise<unknown[]> => {
    child.kill('SIGTERM')
    return exit
  }
  stops.push(() => (child.exitCode === null && child.signalCode === null ? end() : exit))
  return { lines, end }
}

/** A busy minute of the symbol. */
async function produce(index: number): Promise<void> {
  const window_start_ms = 1_723_161_420_000 + index * 60_000
  const value = { ...quietMinute, symbol, trade_count: 10, window_start_ms, window_end_ms: window_start_ms + 60_000 }
  collector.add({ topic: topicNames.marketMetrics, key: symbol, value, codec, timestampMs: window_start_ms })
  await collector.flush()
}

async function alertsInTopic(): Promise<string[]> {
  const reader = kafka.logReader()
  const [range] = await reader.offsets(topicNames.alerts)
  const { startOffset = 0, endOffset = 0 } = range ?? {}
  const ids: string[] = []
  for await (const batch of reader.read({ topic: topicNames.alerts, partition: 0 }, startOffset, endOffset)) {
    const cursor = batch.cursor()
    while (cursor.next()) {
      let decoded = alertCodec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
      if (!decoded.ok && decoded.issue.schemaId !== undefined && (await alertCodec.load?.(decoded.issue.schemaId))) {
        decoded = alertCodec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
      }
      if (decoded.ok && decoded.value.symbol === symbol) ids.push(`${cursor.key()?.toString()}`)
    }
  }
  await reader.close()
  return ids
}

const eventually = { timeout: 60_000, interval: 100 }

it('posts a well-formed message through the real client, once per cooldown, and keeps the alert in its topic', async () => {
  const { posts, url } = await slack((response, request) => {
    if (request === 1) response.writeHead(429, { 'retry-after': '1' }).end('rate_limited')
    else response.end('ok')
  })
  const app = await startApp({ SLACK_WEBHOOK_URL: url })
  for (const minute of [0, 1, 2, 5]) await produce(minute)
  await expect.poll(() => posts.length, eventually).toBe(3)
  expect(posts[1]).toEqual(posts[0])
  expect(posts[0]?.text).toContain(symbol)
  expect(posts[0]?.blocks.map(({ type }) => type)).toEqual(['header', 'section', 'section', 'context'])
  await expect
    .poll(alertsInTopic, eventually)
    .toEqual([`busy:${symbol}:1m:1723161420000`, `busy:${symbol}:1m:1723161720000`])
  expect(await app.end()).toEqual([0, null])
  expect(app.lines.join('\n')).not.toContain('hush')
})

it('shows alerts in the log without a webhook', async () => {
  const app = await startApp({})
  await produce(20)
  const shown = (): string[] => app.lines.filter((line) => line.includes(`busy:${symbol}:1m:1723162620000`))
  await expect.poll(() => shown().length, eventually).toBe(1)
  expect(JSON.parse(shown()[0] ?? '')).toMatchObject({ level: 'warn', msg: expect.stringContaining(symbol) })
  expect(await app.end()).toEqual([0, null])
})
