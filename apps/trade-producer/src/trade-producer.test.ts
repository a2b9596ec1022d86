import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UnknownSymbolsError, type ConnectTradesOptions, type FeedItem } from '@tidemark/binance'
import type { Trade, TradeGap, TradePosition } from '@tidemark/schemas'
import { ConfigError, createLogger, createMetrics, loadConfig, type Metrics } from '@tidemark/service'
import {
  jsonCodec,
  StreamsError,
  type KafkaPorts,
  type TransactionalProducerOptions,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import { InMemoryKafka } from '@tidemark/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { producerConfig, type ProducerConfig } from './config.ts'
import type { ExchangeSide } from './exchange-rest.ts'
import { FakeFeed } from './fake-feed.ts'
import { startTradeProducer } from './trade-producer.ts'

const config = loadConfig(producerConfig, { SCHEMA_REGISTRY_URL: 'http://localhost:8081', SYMBOLS: 'BTCUSDT' })
let kafka: InMemoryKafka
let feed: FakeFeed
let metrics: Metrics
let closed: number
let nowMs: number
let connectedWith: ConnectTradesOptions

beforeEach(() => {
  kafka = new InMemoryKafka()
  kafka.createTopic('binance-trades', 6)
  for (const topic of ['binance-trades-dlq', 'trade-producer-positions', 'trade-gaps']) kafka.createTopic(topic)
  feed = new FakeFeed()
  metrics = createMetrics()
  closed = 0
  nowMs = 0
})

const trades = (...ids: readonly number[]): FeedItem[] =>
  ids.map((id) => ({
    kind: 'trade',
    trade: { symbol: 'BTCUSDT', trade_id: id, trade_time_ms: 1_000, ingestion_time_ms: 0, latency_ms: 0 } as Trade,
  }))

async function symbolsFile(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-producer-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const file = join(dir, 'symbols')
  await writeFile(file, text)
  return file
}

const start = (
  changed: Partial<KafkaPorts> = {},
  settings: Partial<ProducerConfig> = {},
  exchange?: Partial<ExchangeSide>,
) =>
  startTradeProducer({
    ...(exchange && { exchange: exchange as ExchangeSide }),
    config: { ...config, ...settings },
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
    codecs: {
      trade: jsonCodec<Trade>(() => undefined),
      position: jsonCodec<TradePosition>(() => undefined),
      gap: jsonCodec<TradeGap>(() => undefined),
    },
    nowMs: () => nowMs,
    timeOfDayMs: () => 500,
    pause: (ms) => {
      nowMs += ms
      return new Promise(setImmediate)
    },
    connect: (options) => {
      connectedWith = options
      return feed
    },
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

  it('started again goes on from where the one before has come to', async () => {
    const first = await start()
    expect(connectedWith.starts).toEqual(new Map())
    feed.give(...trades(1, 2), { kind: 'heartbeat', symbol: 'BTCUSDT', watermarkMs: 900 })
    const gap = { symbol: 'BTCUSDT', from_trade_id: 3, to_trade_id: 5, status: 'open', detected_at_ms: 5 } as TradeGap
    feed.give({ kind: 'gap', gap }, ...trades(3))
    await first.stop()
    feed = new FakeFeed()
    metrics = createMetrics()
    const second = await start()
    const left = { tradeId: 3, timeMs: 1_000, watermarkMs: 900, openGapFromId: 3 }
    expect(connectedWith.starts).toEqual(new Map([['BTCUSDT', left]]))
    await second.stop()
  })

  it('follows the symbols of its file as they change, without a restart, each from where it is written', async () => {
    const file = await symbolsFile('BTCUSDT')
    const running = await start({}, { SYMBOLS_FILE: file })
    feed.give(...trades(1, 2))
    while (running.health()['produced'] !== 2) await new Promise(setImmediate)
    await writeFile(file, 'BTCUSDT,ETHUSDT')
    // A file system may keep times in whole seconds.
    await utimes(file, 2_000_000_000, 2_000_000_000)
    await feed.changed
    expect(feed.symbols).toEqual(['BTCUSDT', 'ETHUSDT'])
    expect(feed.starts).toEqual(new Map([['BTCUSDT', { tradeId: 2, timeMs: 1_000 }]]))
    expect(running.health()).toMatchObject({ symbols: ['BTCUSDT', 'ETHUSDT'] })
    await running.stop()
  })

  it('goes on with a symbol that another shard had until now from where that one has come to', async () => {
    const file = await symbolsFile('ETHUSDT')
    const log = kafka.logReader()
    let isAway = false
    const offsets: typeof log.offsets = (...asked) => {
      if (!isAway) return log.offsets(...asked)
      isAway = false
      return Promise.reject(new StreamsError('broker-unavailable', 'nobody answers', { retriable: true }))
    }
    const otherFeed = feed
    const other = await start({}, { SHARD: 1, SYMBOLS: [['ETHUSDT'], ['BTCUSDT']] })
    feed = new FakeFeed()
    metrics = createMetrics()
    const running = await start({ logReader: () => ({ ...log, offsets }) }, { SYMBOLS_FILE: file })
    otherFeed.give(...trades(1, 2))
    await other.stop()
    isAway = true
    await writeFile(file, 'ETHUSDT,BTCUSDT')
    await utimes(file, 2_000_000_000, 2_000_000_000)
    await feed.changed
    expect(feed.starts).toEqual(new Map([['BTCUSDT', { tradeId: 2, timeMs: 1_000 }]]))
    await running.stop()
  })

  it('of a shard that another instance has taken over ends as failed, and nothing of it is written', async () => {
    const first = await start()
    const itsFeed = feed
    feed = new FakeFeed()
    metrics = createMetrics()
    const second = await start()
    itsFeed.give(...trades(1))
    await expect(first.done).rejects.toMatchObject({
      code: 'fenced',
      message: expect.stringContaining('shard 0 has been taken over by a producer started later: one producer a SHARD'),
    })
    feed.give(...trades(1, 2))
    await second.stop()
    expect(second.health()).toMatchObject({ produced: 2 })
    expect(kafka.batchesFrom({ topic: 'binance-trades', partition: 3 }, 0).length).toBeLessThanOrEqual(1)
  })

  it('keeps what Kafka does not take, says so, and writes it once when it does', async () => {
    let failures = 3
    const flaky = (options: TransactionalProducerOptions): TransactionalProducerPort => {
      const producer = kafka.transactionalProducer(options)
      return {
        ...producer,
        commit: async (transaction) => {
          // The first one is lost on its way back: it is committed, and must not be written again.
          if (failures === 3) await producer.commit(transaction)
          if (failures-- > 0) throw new StreamsError('broker-unavailable', 'nobody answers', { retriable: true })
          await producer.commit(transaction)
        },
      }
    }
    const running = await start({ transactionalProducer: flaky })
    feed.give(...trades(1))
    while (running.health()['produced'] !== 1) await new Promise(setImmediate)
    failures = 2
    feed.give(...trades(2))
    while (failures > 0) await new Promise(setImmediate)
    while (running.health()['produced'] !== 2) await new Promise(setImmediate)
    expect(running.health()).toMatchObject({ status: 'ok', last_trade_ids: { BTCUSDT: 2 } })
    await running.stop()
    const written = kafka.partitions('binance-trades').reduce((sum, { endOffset }) => sum + endOffset, 0)
    expect(written).toBe(2)
  })

  it('tells its health: ok and ready while connected, degraded with the problem while not', async () => {
    const running = await start()
    expect(running.health()).toEqual({
      status: 'ok',
      produced: 0,
      heartbeats: 0,
      dlq: 0,
      duplicates: 0,
      dlq_by_code: {},
      gaps: {},
      ws_connected: true,
      reconnects: 1,
      frames: 3,
      dropped: 0,
      in_doubt: 0,
      went_back: 0,
      open_holes: 0,
      held: 0,
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
    // Each took half a second by the time of day, whatever the other clock says.
    expect(text).toContain('tidemark_producer_receive_to_acknowledged_seconds_sum 1')
    expect(text).toContain('tidemark_producer_receive_to_commit_seconds_sum 1')
  })

  it('starts while the exchange can not be asked for its symbols, and says when it turns out that one does not exist', async () => {
    const answers = [async () => false, () => Promise.reject(new UnknownSymbolsError([], 'the exchange'))]
    const running = await start(
      {},
      {},
      {
        requireSymbols: () => answers.shift()!(),
        trackClock: () => ({ offset: () => undefined, stop: () => undefined }),
      },
    )
    while (running.health()['symbols_problem'] === undefined) await new Promise(setImmediate)
    expect(running.health()).toMatchObject({ status: 'degraded', ws_connected: true })
    await running.stop()
  })

  it('does not start with symbols that the exchange does not have: a setting is wrong, the one that has them', async () => {
    const unknown = new UnknownSymbolsError([{ symbol: 'BTCUSD', near: ['BTCUSDT'] }], 'the exchange')
    const exchange = { requireSymbols: () => Promise.reject(unknown) }
    const issue = 'the exchange has no BTCUSD (did you mean BTCUSDT?)'
    await expect(start({}, {}, exchange)).rejects.toThrow(new ConfigError([`SYMBOLS: ${issue}`]))
    const file = await symbolsFile('BTCUSD')
    const starting = start({}, { SYMBOLS_FILE: file }, exchange)
    await expect(starting).rejects.toThrow(new ConfigError([`SYMBOLS_FILE: ${issue}`]))
    await expect(starting).rejects.toBeInstanceOf(ConfigError)
  })

  it('does not start with a file of symbols that is wrong or not there: a setting is wrong', async () => {
    const file = await symbolsFile('BTCUSDT;')
    const wrong = start({}, { SYMBOLS_FILE: file })
    await expect(wrong).rejects.toThrow(new ConfigError([`SYMBOLS_FILE: ${file}: shard 1 has no symbols`]))
    await expect(wrong).rejects.toBeInstanceOf(ConfigError)
    const missing = start({}, { SYMBOLS_FILE: `${file}.none` })
    await expect(missing).rejects.toThrow(`SYMBOLS_FILE: ENOENT: no such file or directory, open '${file}.none'`)
    await expect(missing).rejects.toBeInstanceOf(ConfigError)
  })

  it('fails where Kafka refuses for good, and closes its clients', async () => {
    const refusal = new StreamsError('not-authorised', 'binance-trades partition 0: this user may not write')
    const running = await start({
      transactionalProducer: (options) => ({
        ...kafka.transactionalProducer(options),
        commit: () => Promise.reject(refusal),
      }),
    })
    feed.give(...trades(1))
    await expect(running.done).rejects.toBe(refusal)
    expect(running.live()).toBe(false)
    expect(closed).toBe(1)
  })
})
