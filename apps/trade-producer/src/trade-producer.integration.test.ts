import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { parseFrame, type ConnectTradesOptions, type FeedItem } from '@tidemark/binance'
import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, topics, valueSubject, type Trade } from '@tidemark/schemas'
import { createLogger, createMetrics, loadConfig, type RunningService } from '@tidemark/service'
import { RecordCollector, type Codec, type Header, type RecordCursor } from '@tidemark/streams'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { producerConfig } from './config.ts'
import { FakeFeed } from './fake-feed.ts'
import { startTradeProducer, type TradeProducerOptions } from './trade-producer.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
    registry: string
  }
}

const payload = {
  e: 'trade',
  E: 1_723_161_255_343,
  s: 'BTCUSDT',
  t: 1,
  p: '61837.63000000',
  q: '0.02000000',
  T: 1_723_161_255_342,
  m: true,
}

function itemOf(frame: string | Buffer, binary = false): FeedItem {
  const parsed = parseFrame(frame, { binary, receivedAtMs: 1_723_161_254_087 })
  if (parsed.kind === 'trade' || parsed.kind === 'rejected') return parsed
  throw new Error(`a frame of the test is neither a trade nor rejected: ${parsed.kind}`)
}

const frameOf = (changed: object): string => JSON.stringify({ stream: 'x@trade', data: { ...payload, ...changed } })
const tradesOf = (symbol: string, ids: readonly number[]): FeedItem[] =>
  ids.map((t) => itemOf(frameOf({ s: symbol, t })))

const malformed: readonly (readonly [code: string, frame: string | Buffer])[] = [
  ['not-json', '{"stream":'],
  ['missing-field', frameOf({ p: undefined })],
  ['bad-decimal', frameOf({ p: 'abc' })],
  ['not-positive', frameOf({ q: '-0.02000000' })],
  ['unknown-event', frameOf({ e: 'mystery' })],
  ['lossy-decimal', frameOf({ p: '0.12345678901234567' })],
  ['oversized', 'x'.repeat(2 * 1024 * 1024)],
  ['wrong-type', frameOf({ t: '1' })],
  ['empty', ''],
  ['binary', Buffer.from([1, 2, 3])],
]

interface Stored {
  readonly key: string | undefined
  readonly value: Buffer
  readonly headers: readonly Header[]
}

let topic: string
let dlqTopic: string
let positionsTopic: string
let gapsTopic: string
let codec: Codec<Trade>
let codecs: TradeProducerOptions['codecs']
let feed: FakeFeed

beforeEach(async () => {
  const run = randomUUID().slice(0, 8)
  topic = `trades-${run}`
  dlqTopic = `trades-dlq-${run}`
  const admin = createAdmin({ bootstrapServers: inject('kafka'), clientId: 'test' })
  const settingsOf = (like: string, name: string) => {
    const { partitions = 1, config = {} } = topics.find((each) => each.name === like) ?? {}
    return { name, partitions, config }
  }
  positionsTopic = `positions-${run}`
  gapsTopic = `gaps-${run}`
  await admin.createTopics([
    settingsOf(topicNames.binanceTrades, topic),
    settingsOf(topicNames.binanceTradesDlq, dlqTopic),
    settingsOf(topicNames.tradeProducerPositions, positionsTopic),
    settingsOf(topicNames.tradeGaps, gapsTopic),
  ])
  await admin.close()
  const registry = connectRegistry({ url: inject('registry') })
  codec = avroCodec('Trade', { registry, subject: valueSubject(topicNames.binanceTrades) })
  codecs = {
    trade: codec,
    position: avroCodec('TradePosition', { registry, subject: valueSubject(topicNames.tradeProducerPositions) }),
    gap: avroCodec('TradeGap', { registry, subject: valueSubject(topicNames.tradeGaps) }),
  }
})

let running: RunningService | undefined
let starts: ConnectTradesOptions['starts']

afterEach(async () => {
  await running?.stop()
})

async function start(): Promise<RunningService> {
  feed = new FakeFeed()
  running = await startTradeProducer({
    config: loadConfig(producerConfig, {
      KAFKA_BOOTSTRAP_SERVERS: inject('kafka'),
      SCHEMA_REGISTRY_URL: inject('registry'),
      KAFKA_TOPIC: topic,
      KAFKA_DLQ_TOPIC: dlqTopic,
      KAFKA_POSITIONS_TOPIC: positionsTopic,
      KAFKA_GAPS_TOPIC: gapsTopic,
      SYMBOLS: 'BTCUSDT,ETHUSDT,BNBUSDT',
    }),
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics: createMetrics(),
    signal: new AbortController().signal,
    kafka: kafkaPorts({ bootstrapServers: inject('kafka'), clientId: 'test' }),
    codecs,
    nowMs: () => performance.now(),
    timeOfDayMs: () => Date.now(),
    pause: (ms) => delay(ms),
    connect: (options) => {
      starts = options.starts
      return feed
    },
  })
  return running
}

/** Reads to the end of what is written, and so waits for commits whose markers the broker has still to write. */
async function read<T>(name: string, take: (cursor: RecordCursor) => T): Promise<T[]> {
  const kafka = kafkaPorts({ bootstrapServers: inject('kafka'), clientId: 'test' })
  const log = kafka.logReader()
  const taken: T[] = []
  for (const [partition, { startOffset, endOffset }] of (
    await log.offsets(name, { isolation: 'read_uncommitted' })
  ).entries()) {
    for await (const batch of log.read({ topic: name, partition }, startOffset, endOffset)) {
      for (const cursor = batch.cursor(); cursor.next();) taken.push(take(cursor))
    }
  }
  await kafka.close()
  return taken
}

const asStored = (cursor: RecordCursor): Stored => ({
  key: cursor.key()?.toString(),
  value: cursor.value() ?? Buffer.alloc(0),
  headers: cursor.headers(),
})

async function readTrades(): Promise<Trade[]> {
  return read(topic, ({ bytes, valueStart, valueEnd }) => {
    if (valueStart < 0) return undefined
    const decoded = codec.decode(bytes, valueStart, valueEnd)
    if (!decoded.ok) throw new Error(decoded.issue.message)
    return { ...decoded.value }
  }).then((trades) => trades.filter((trade) => trade !== undefined))
}

const idsOf = (trades: readonly Trade[], symbol: string): number[] =>
  trades.filter((trade) => trade.symbol === symbol).map((trade) => trade.trade_id)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

describe('the trade producer on a real Kafka and registry', () => {
  it('writes every trade once, in order, as it was parsed', async () => {
    const service = await start()
    feed.give(...tradesOf('BTCUSDT', upTo(20_000)))
    feed.give(...tradesOf('ETHUSDT', upTo(500)))
    await service.stop()
    await service.done
    const trades = await readTrades()
    expect(trades).toHaveLength(20_500)
    expect(idsOf(trades, 'BTCUSDT')).toEqual(upTo(20_000))
    expect(idsOf(trades, 'ETHUSDT')).toEqual(upTo(500))
    const parsed = itemOf(frameOf({}))
    expect(trades.find(({ symbol }) => symbol === 'BTCUSDT')).toEqual(parsed.kind === 'trade' && parsed.trade)
  })

  it('writes ten malformed frames as ten dead letters with ten right reasons, and not one trade less', async () => {
    const service = await start()
    feed.give(
      ...malformed.flatMap(([code, frame], index) => [
        itemOf(frame, code === 'binary'),
        ...tradesOf('BTCUSDT', [index + 1]),
      ]),
    )
    await service.stop()
    const letters = await read(dlqTopic, asStored)
    const codes = letters.map(({ headers }) => String(headers.find(({ key }) => key === 'tidemark.dlq.code')?.value))
    expect(codes).toEqual(malformed.map(([code]) => code))
    expect(letters.map(({ key }) => key)).toEqual(malformed.map(() => undefined))
    for (const [index, [, frame]] of malformed.entries()) {
      expect(letters[index]?.value.equals(Buffer.from(frame as string).subarray(0, 900_000))).toBe(true)
    }
    expect(idsOf(await readTrades(), 'BTCUSDT')).toEqual(upTo(10))
    expect(service.health()).toMatchObject({ produced: 10, dlq: 10 })
  })

  it('started again knows how far the one before has come', async () => {
    const first = await start()
    feed.give(...tradesOf('BNBUSDT', upTo(3)))
    feed.give(...tradesOf('BTCUSDT', upTo(4_000)), { kind: 'heartbeat', symbol: 'BTCUSDT', watermarkMs: 77 })
    await first.stop()
    const second = await start()
    expect(starts?.get('BTCUSDT')).toMatchObject({ tradeId: 4_000, watermarkMs: 77 })
    expect(starts?.get('BNBUSDT')).toMatchObject({ tradeId: 3 })
    await second.stop()
  })

  it('started again beside the open transaction of another shard waits for it, and knows how far the one before has come', async () => {
    const kafka = kafkaPorts({ bootstrapServers: inject('kafka'), clientId: 'test' })
    const other = kafka.transactionalProducer({ transactionalId: `other-shard-${topic}` })
    const first = await start()
    feed.give(...tradesOf('BTCUSDT', upTo(3)))
    while (first.health()['produced'] !== 3) await new Promise(setImmediate)
    await other.init()
    const collector = new RecordCollector(kafka.producer({}))
    await collector.open(positionsTopic)
    const value = { symbol: 'X', trade_id: 1, trade_time_ms: 1, watermark_ms: null, open_gap_from_id: null }
    await codecs.position.prepare?.()
    collector.add({ topic: positionsTopic, key: 'X', value, codec: codecs.position, timestampMs: 1 })
    await other.send(collector.batches())
    feed.give(...tradesOf('BTCUSDT', [4, 5]))
    await first.stop()
    let isStarted = false
    const starting = start().then(() => (isStarted = true))
    await new Promise(setImmediate)
    expect(isStarted).toBe(false)
    await other.close()
    await starting
    expect(starts?.get('BTCUSDT')).toMatchObject({ tradeId: 5 })
    expect(starts?.has('X')).toBe(false)
    await kafka.close()
  })

  it('of a shard that is taken over by another instance ends, and neither loses nor doubles a trade', async () => {
    const first = await start()
    const itsFeed = feed
    itsFeed.give(...tradesOf('BTCUSDT', upTo(10)))
    while (first.health()['produced'] !== 10) await new Promise(setImmediate)
    const second = await start()
    expect(starts?.get('BTCUSDT')).toMatchObject({ tradeId: 10 })
    itsFeed.give(...tradesOf('BTCUSDT', [11, 12]))
    await expect(first.done).rejects.toMatchObject({ code: 'fenced' })
    feed.give(...tradesOf('BTCUSDT', [11, 12, 13]))
    await second.stop()
    await second.done
    expect(idsOf(await readTrades(), 'BTCUSDT')).toEqual(upTo(13))
  })

  it('does not start where its topic is missing, and names it', async () => {
    topic = 'nowhere'
    await expect(start()).rejects.toThrow('nowhere')
  })
})
