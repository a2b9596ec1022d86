import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { InfluxDB } from '@influxdata/influxdb-client'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, valueSubject, type MarketMetrics } from '@tidemark/schemas'
import { RecordCollector } from '@tidemark/streams'
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest'
import { minute } from './metrics-fixture.ts'

interface Influx {
  readonly url: string
  readonly org: string
  readonly bucket: string
  readonly token: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
    registry: string
    influx: ({ readonly available: true } & Influx) | { readonly available: false; readonly reason: string }
  }
}

const runId = Date.now().toString(36).toUpperCase()
const kafka = kafkaPorts({ bootstrapServers: inject('kafka'), clientId: 'influx-sink-test' })
const registry = connectRegistry({ url: inject('registry') })
const codec = avroCodec<MarketMetrics>('MarketMetrics', { registry, subject: valueSubject(topicNames.marketMetrics) })
const stops: (() => Promise<unknown>)[] = []

let influx: Influx
let collector: RecordCollector

beforeAll(async () => {
  const outcome = inject('influx')
  if (!outcome.available) throw new Error(`this test needs InfluxDB: ${outcome.reason}`)
  influx = outcome
  await codec.prepare?.()
  collector = new RecordCollector(kafka.producer({}))
  await collector.open(topicNames.marketMetrics)
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(() => kafka.close())

/** A way to InfluxDB that can be cut and mended, on one port. */
async function bridge() {
  const target = new URL(influx.url)
  const sockets = new Set<Socket>()
  const server: Server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined))
    client.pipe(upstream).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cut = async (): Promise<void> => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }
  const mend = async (): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  stops.push(async () => server.listening && (await cut()))
  return { url: `http://127.0.0.1:${port}`, cut, mend }
}

/** The app as it is started in production: its own process, its settings in the environment. */
async function startApp(url: string) {
  const { org, bucket, token } = influx
  const env = {
    PATH: '',
    HEALTH_PORT: '0',
    HEALTH_HOST: '127.0.0.1',
    KAFKA_BOOTSTRAP_SERVERS: inject('kafka'),
    SCHEMA_REGISTRY_URL: inject('registry'),
    INFLUX_URL: url,
    INFLUX_ORG: org,
    INFLUX_BUCKET: bucket,
    INFLUX_TOKEN: token,
  }
  const main = new URL('./main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--conditions=@tidemark/source', main], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const lines: string[] = []
  const port = new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      const { msg, port } = JSON.parse(line) as { msg: string; port?: number }
      if (msg === 'health is served' && port !== undefined) resolve(port)
    })
    void exit.then(() => reject(new Error(`the app ended early:\n${lines.join('\n')}`)))
  })
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<unknown[]> => {
    child.kill(signal)
    return exit
  }
  stops.push(() => (child.exitCode === null && child.signalCode === null ? end('SIGKILL') : exit))
  const address = `http://127.0.0.1:${await port}`
  const health = async () => (await (await fetch(`${address}/health`)).json()) as Record<string, unknown>
  return { health, end, lines }
}

/** Final windows of one symbol, one a minute. */
async function produce(symbol: string, count: number, from = 0): Promise<void> {
  for (let index = from; index < from + count; index++) {
    const window_start_ms = minute.window_start_ms + index * 60_000
    const value = { ...minute, symbol, trade_count: index, window_start_ms, window_end_ms: window_start_ms + 60_000 }
    collector.add({ topic: topicNames.marketMetrics, key: symbol, value, codec, timestampMs: window_start_ms })
  }
  await collector.flush()
}

/** What InfluxDB holds of a symbol's field, by the time of the point. */
async function pointsOf(symbol: string, field = 'trade_count'): Promise<Map<string, number>> {
  const query = `from(bucket: "${influx.bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)
    |> filter(fn: (r) => r._measurement == "market_metrics" and r.symbol == "${symbol}" and r._field == "${field}")`
  const api = new InfluxDB(influx).getQueryApi(influx.org)
  const rows = await api.collectRows<{ _time: string; _value: number }>(query)
  return new Map(rows.map(({ _time, _value }) => [_time, _value]))
}

const eventually = { timeout: 60_000, interval: 100 }

it('writes every window as it is: counts and prices exactly, doubles to the last bit', async () => {
  const symbol = `EXACT${runId}`
  const app = await startApp(influx.url)
  await produce(symbol, 500)
  await expect.poll(async () => (await pointsOf(symbol)).size, eventually).toBe(500)
  const counts = await pointsOf(symbol)
  expect([...counts.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, index) => index))
  expect(counts.get(new Date(minute.window_start_ms).toISOString().replace('.000', ''))).toBe(0)
  for (const field of ['vwap', 'realized_variance', 'first_trade_id', 'order_flow_imbalance'] as const) {
    expect([...new Set((await pointsOf(symbol, field)).values())]).toEqual([minute[field]])
  }
  expect(await app.end('SIGTERM')).toEqual([0, null])
})

it('waits through an outage, committing nothing, and then writes all of it', async () => {
  const symbol = `OUTAGE${runId}`
  const way = await bridge()
  const app = await startApp(way.url)
  await produce(symbol, 100)
  await expect.poll(async () => (await pointsOf(symbol)).size, eventually).toBe(100)
  await expect.poll(async () => lagOf(await app.health()), eventually).toBe(0)
  await way.cut()
  await produce(symbol, 100, 100)
  await expect.poll(app.health, eventually).toMatchObject({ status: 'degraded' })
  expect(lagOf(await app.health())).toBeGreaterThan(0)
  expect((await pointsOf(symbol)).size).toBe(100)
  await way.mend()
  await expect.poll(async () => (await pointsOf(symbol)).size, eventually).toBe(200)
  await expect.poll(async () => lagOf(await app.health()), eventually).toBe(0)
  expect(await app.health()).toMatchObject({ status: 'ok', refused: 0 })
})

it('loses nothing when it is killed, or stopped while InfluxDB is away, and started again', async () => {
  const symbol = `KILLED${runId}`
  const way = await bridge()
  const first = await startApp(way.url)
  await produce(symbol, 300)
  await first.end('SIGKILL')
  await way.cut()
  const second = await startApp(way.url)
  await produce(symbol, 300, 300)
  await expect.poll(second.health, eventually).toMatchObject({ status: 'degraded' })
  expect(await second.end('SIGTERM')).toEqual([0, null])
  await way.mend()
  await startApp(way.url)
  await expect.poll(async () => (await pointsOf(symbol)).size, eventually).toBe(600)
})

/** Records not yet committed, over all partitions; -1 before the broker has told. */
function lagOf(health: Record<string, unknown>): number {
  const partitions = (health['partitions'] ?? []) as { lag: number | null }[]
  if (partitions.length === 0) return -1
  return partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0)
}
