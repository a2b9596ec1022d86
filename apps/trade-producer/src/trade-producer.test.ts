import type { FeedItem } from '@tidemark/binance'
import type { Trade } from '@tidemark/schemas'
import { createLogger, createMetrics, loadConfig, type Metrics } from '@tidemark/service'
import { jsonCodec, StreamsError, type KafkaPorts } from '@tidemark/streams'
import { InMemoryKafka } from '@tidemark/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { producerConfig } from './config.ts'
import { FakeFeed } from './fake-feed.ts'
import { startTradeProducer } from './trade-producer.ts'

const config = loadConfig(producerConfig, { SCHEMA_REGISTRY_URL: 'http://localhost:8081', SYMBOLS: 'BTCUSDT' })
let kafka: InMemoryKafka
let feed: FakeFeed
let metrics: Metrics
let closed: number

beforeEach(() => {
  kafka = new InMemoryKafka()
  kafka.createTopic('binance-trades', 6)
  kafka.createTopic('binance-trades-dlq')
  feed = new FakeFeed()
  metrics = createMetrics()
  closed = 0
})

const trades = (...ids: readonly number[]): FeedItem[] =>
  ids.map((id) => ({ kind: 'trade', trade: { symbol: 'BTCUSDT', trade_id: id } as Trade }))

const start = (changed: Partial<KafkaPorts> = {}) =>
  startTradeProducer({
    config,
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics,
    signal: new AbortController().signal,
    kafka: {
      consumer: (options) => kafka.consumer(options),
      producer: () => kafka.producer(),
      logReader: () => kafka.logReader(),
      transactionalProducer: (options) => kafka.transactionalProducer(options),
      ensureTopics: (topics) => kafka.ensureTopics(topics),
      close: async () => {
        closed++
      },
      ...changed,
    },
    codec: jsonCodec<Trade>(() => undefined),
    connect: () => feed,
  })

describe('the trade producer', () => {
  it('writes what had arrived when it is stopped, closes Kafka and ends well', async () => {
    const running = await start()
    feed.give(...trades(1, 2))
    await running.stop()
    await running.done
    expect(running.health()).toMatchObject({ produced: 2, last_trade_ids: { BTCUSDT: 2 } })
    expect(running.live()).toBe(false)
    expect(closed).toBe(1)
  })

  it('started again drops the trades that are in the topic, and counts them', async () => {
    const first = await start()
    feed.give(...trades(1, 2, 3))
    await first.stop()
    feed = new FakeFeed()
    metrics = createMetrics()
    const second = await start()
    feed.give(...trades(1, 2, 3, 4))
    await second.stop()
    expect(second.health()).toMatchObject({ produced: 1, duplicates: 3 })
  })

  it('tells its health: ok and ready while connected, degraded with the problem while not', async () => {
    const running = await start()
    expect(running.health()).toEqual({
      status: 'ok',
      produced: 0,
      dlq: 0,
      duplicates: 0,
      dlq_by_code: {},
      ws_connected: true,
      reconnects: 1,
      frames: 3,
      symbols: ['BTCUSDT'],
      last_trade_ids: {},
    })
    expect(running.ready()).toBe(true)
    feed.state = { phase: 'waiting', reason: 'cut', retryInMs: 5_000 }
    expect(running.health()).toMatchObject({ status: 'degraded', ws_connected: false, ws_problem: 'cut' })
    expect(running.ready()).toBe(false)
    expect(running.live()).toBe(true)
    await running.stop()
  })

  it('shows its figures to Prometheus, the same at every look', async () => {
    const running = await start()
    feed.give(...trades(1, 2))
    await running.stop()
    await metrics.registry.metrics()
    const text = await metrics.registry.metrics()
    expect(text).toContain('tidemark_producer_trades_total 2')
    expect(text).toContain('tidemark_producer_reconnects_total 1')
    expect(text).toContain('tidemark_producer_connected 0')
  })

  it('fails where Kafka takes no more records, and closes its clients', async () => {
    const refusal = new StreamsError('retries-exhausted', 'binance-trades partition 0: no leader within 120 s')
    const running = await start({ producer: () => ({ ...kafka.producer(), send: () => Promise.reject(refusal) }) })
    feed.give(...trades(1))
    await expect(running.done).rejects.toBe(refusal)
    expect(running.live()).toBe(false)
    expect(closed).toBe(1)
  })
})
