import { avroCodec, inMemoryRegistry, topicNames, type MarketMetrics } from '@tidemark/schemas'
import { createLogger, createMetrics, loadConfig } from '@tidemark/service'
import { RecordCollector, type Codec } from '@tidemark/streams'
import { InMemoryKafka } from '@tidemark/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { configSchema } from './config.ts'
import { gap, minute, whale } from './metrics-fixture.ts'
import { startInfluxSink } from './start-influx-sink.ts'
import type { SinkCodecs } from './topology.ts'
import type { WriteFailure, WriteOutcome } from './write-outcome.ts'

const config = loadConfig(configSchema, {
  SCHEMA_REGISTRY_URL: 'http://localhost:8081',
  INFLUX_URL: 'http://localhost:8086',
  INFLUX_TOKEN: 'hush',
  INFLUX_ORG: 'tidemark',
  INFLUX_BUCKET: 'market',
  COMMIT_INTERVAL_MS: '0',
})
const failed = (kind: WriteFailure['kind']): WriteOutcome => ({ ok: false, failure: { kind, message: `is ${kind}` } })

let kafka: InMemoryKafka
let codecs: SinkCodecs

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  kafka = new InMemoryKafka()
  for (const topic of [topicNames.marketMetrics, topicNames.whaleOrders, topicNames.marketAnomalies]) {
    kafka.createTopic(topic, 2)
  }
  kafka.createTopic('influx-sink-dlq')
  const registry = inMemoryRegistry()
  await registry.register('market-metrics-value', 'MarketMetrics')
  await registry.register('whale-orders-value', 'WhaleOrder')
  await registry.register('market-anomalies-value', 'MarketAnomaly')
  codecs = {
    metrics: avroCodec('MarketMetrics', { registry, subject: 'market-metrics-value' }),
    whales: avroCodec('WhaleOrder', { registry, subject: 'whale-orders-value' }),
    anomalies: avroCodec('MarketAnomaly', { registry, subject: 'market-anomalies-value' }),
  }
})
afterEach(() => void vi.useRealTimers())

async function given(...windows: readonly Partial<MarketMetrics>[]): Promise<void> {
  await put(
    topicNames.marketMetrics,
    codecs.metrics,
    windows.map((change) => ({ ...minute, ...change })),
  )
}

async function put<V extends { symbol: string }>(topic: string, codec: Codec<V>, values: readonly V[]): Promise<void> {
  await codec.prepare?.()
  const collector = new RecordCollector(kafka.producer())
  await collector.open(topic)
  for (const value of values) collector.add({ topic, key: value.symbol, value, codec, timestampMs: 0 })
  await collector.flush()
}

/** Starts the app on an InfluxDB that answers as told; `written` settles with the lines of the n-th request. */
async function start(answer: (lines: readonly string[], request: number) => WriteOutcome) {
  const stop = new AbortController()
  const requests: (readonly string[])[] = []
  const seen: (() => void)[] = []
  const service = await startInfluxSink({
    config,
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics: createMetrics(),
    signal: stop.signal,
    codecs,
    kafka: {
      consumer: (options) => kafka.consumer(options),
      producer: () => kafka.producer(),
      logReader: () => kafka.logReader(),
      transactionalProducer: (options) => kafka.transactionalProducer(options),
      ensureTopics: (topics) => kafka.ensureTopics(topics),
      close: async () => undefined,
    },
    lines: {
      write: async (lines) => {
        requests.push(lines)
        const outcome = answer(lines, requests.length)
        seen.splice(0).forEach((wake) => wake())
        return outcome
      },
      close: () => undefined,
    },
  })
  const request = async (count: number): Promise<void> => {
    while (requests.length < count) {
      const next = new Promise<void>((resolve) => seen.push(resolve))
      await vi.advanceTimersByTimeAsync(120_000)
      await next
    }
    await vi.advanceTimersByTimeAsync(0)
  }
  return { service, stop, requests, request }
}

const committed = (): number =>
  [...kafka.group('influx-sink').offsets.values()].reduce((sum, { offset }) => sum + offset, 0)

it('writes every window of every partition, and commits', async () => {
  await given({ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }, { symbol: 'BNBUSDT', window: '10s' })
  const { service, requests, request } = await start(() => ({ ok: true }))
  await request(1)
  await service.stop()
  expect(requests.flat().map((line) => line.split(' ')[0])).toEqual(
    expect.arrayContaining([
      'market_metrics,symbol=BTCUSDT,window=1m',
      'market_metrics,symbol=ETHUSDT,window=1m',
      'market_metrics,symbol=BNBUSDT,window=10s',
    ]),
  )
  expect(requests.flat()).toHaveLength(3)
  expect(committed()).toBe(3)
  expect(service.health()).toMatchObject({ written: 3, refused: 0 })
})

it('writes whale orders and anomalies beside them', async () => {
  await given({ symbol: 'BTCUSDT' })
  await put(topicNames.whaleOrders, codecs.whales, [whale])
  await put(topicNames.marketAnomalies, codecs.anomalies, [gap])
  const { service, requests, request } = await start(() => ({ ok: true }))
  await request(1)
  await service.stop()
  expect(
    requests
      .flat()
      .map((line) => line.split(',')[0])
      .sort(),
  ).toEqual(['market_anomalies', 'market_metrics', 'whale_orders'])
  expect(service.health()).toMatchObject({ written: 3, refused: 0 })
})

it('is live but degraded while InfluxDB is away, commits nothing, and loses nothing', async () => {
  await given({}, { window: '10s' })
  const whileAway: unknown[] = []
  const { service, requests, request } = await start((_lines, count) => {
    whileAway.push(committed())
    return count < 40 ? failed('away') : { ok: true }
  })
  await request(10)
  expect([service.live(), service.ready(), service.health()]).toEqual([
    true,
    false,
    expect.objectContaining({ status: 'degraded', degradedBy: 'is away', written: 0 }),
  ])
  await request(40)
  await service.stop()
  expect(whileAway.every((count) => count === 0)).toBe(true)
  expect(requests.at(-1)).toHaveLength(2)
  expect(committed()).toBe(2)
})

it('sets a refused record aside and goes on with the others', async () => {
  await given({ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' })
  const { service, request } = await start((lines) =>
    lines.some((line) => line.includes('ETH')) ? failed('refused') : { ok: true },
  )
  await request(3)
  await service.stop()
  expect(kafka.partitions('influx-sink-dlq')[0]?.endOffset).toBe(1)
  expect(committed()).toBe(2)
  expect(service.health()).toMatchObject({ written: 1, refused: 1 })
})

describe('a stop', () => {
  it('while InfluxDB is away ends at once, with the offsets as they were', async () => {
    await given({})
    const { service, stop, request } = await start(() => failed('away'))
    await request(1)
    stop.abort()
    await service.stop()
    await expect(service.done).rejects.toMatchObject({ cause: { name: 'StopRequestedError' } })
    expect(committed()).toBe(0)
  })
})

it('fails, without a commit, on an answer that InfluxDB does not give', async () => {
  await given({})
  const { service } = await start(() => failed('unexpected'))
  await expect(service.done).rejects.toThrow('sink influxdb: is unexpected')
  expect(committed()).toBe(0)
  expect(service.health().status).toBe('failed')
})
