import type { FeedItem } from '@tidemark/binance'
import type { Trade, TradeGap, TradePosition } from '@tidemark/schemas'
import { jsonCodec, RecordCollector, StreamsError, type Header } from '@tidemark/streams'
import { InMemoryKafka } from '@tidemark/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { TradeWriter } from './trade-writer.ts'

const topics = { trades: 'trades', deadLetters: 'letters', positions: 'positions', gaps: 'gaps' }
const codecs = {
  trade: jsonCodec<Trade>(() => undefined),
  position: jsonCodec<TradePosition>(() => undefined),
  gap: jsonCodec<TradeGap>(() => undefined),
}
let kafka: InMemoryKafka
let writer: TradeWriter

const newWriter = (): TradeWriter => {
  const producer = kafka.transactionalProducer({ transactionalId: 'trade-producer-0' })
  return new TradeWriter({ producer, log: kafka.logReader(), topics, codecs })
}

beforeEach(async () => {
  kafka = new InMemoryKafka()
  kafka.createTopic(topics.trades, 6)
  for (const topic of [topics.deadLetters, topics.positions, topics.gaps]) kafka.createTopic(topic)
  writer = newWriter()
  await writer.open()
})

const trade = (id: number, symbol = 'BTCUSDT'): FeedItem => ({
  kind: 'trade',
  trade: { symbol, trade_id: id, trade_time_ms: 1_000 + id } as Trade,
})
const gap = (from: number, to: number, status: string): FeedItem => ({
  kind: 'gap',
  gap: { symbol: 'BTCUSDT', from_trade_id: from, to_trade_id: to, status, detected_at_ms: 7 } as TradeGap,
})
const heartbeat = (watermarkMs: number): FeedItem => ({ kind: 'heartbeat', symbol: 'BTCUSDT', watermarkMs })
const rejected: FeedItem = { kind: 'rejected', code: 'empty', message: '', bytes: Buffer.alloc(0), receivedAtMs: 1 }

const write = async (...items: readonly FeedItem[]): Promise<void> => {
  for (const item of items) writer.add(item)
  await writer.commit()
}

interface Stored {
  readonly value: unknown
  readonly headers: readonly Header[]
}

const stored = (topic: string): Stored[] =>
  kafka.partitions(topic).flatMap((_unused, partition) =>
    kafka.batchesFrom({ topic, partition }, 0).flatMap((batch) => {
      const records: Stored[] = []
      for (const cursor = batch.cursor(); cursor.next();) {
        const text = cursor.value()?.toString()
        records.push({ value: text ? JSON.parse(text) : null, headers: cursor.headers() })
      }
      return records
    }),
  )

describe('a transaction', () => {
  it('has trades and heartbeats in their order, and the position that they lead to', async () => {
    await write(trade(1), heartbeat(500), trade(2))
    expect(stored(topics.trades).map(({ value }) => (value as Trade | null)?.trade_id)).toEqual([1, undefined, 2])
    const [header] = stored(topics.trades)[1]?.headers ?? []
    expect([header?.key, header?.value?.toString()]).toEqual(['tidemark.watermark_ms', '500'])
    expect(stored(topics.positions).map(({ value }) => value)).toEqual([
      { symbol: 'BTCUSDT', trade_id: 2, trade_time_ms: 1_002, watermark_ms: 500, open_gap_from_id: null },
    ])
  })

  it('has a position for each symbol that moved, and none for others', async () => {
    await write(trade(1), trade(9, 'ETHUSDT'))
    await write(trade(2))
    expect(stored(topics.positions).map(({ value }) => (value as TradePosition).symbol)).toEqual([
      'BTCUSDT',
      'ETHUSDT',
      'BTCUSDT',
    ])
  })

  it('with gaps leaves the position behind what is decided, and knows which gap is open', async () => {
    await write(trade(1), gap(2, 5, 'open'), trade(2))
    expect(writer.figures.positions.get('BTCUSDT')).toMatchObject({ trade_id: 2, open_gap_from_id: 2 })
    await write(gap(2, 2, 'filled'), gap(3, 5, 'unfillable'))
    expect(writer.figures.positions.get('BTCUSDT')).toMatchObject({ trade_id: 5, open_gap_from_id: null })
    expect(Object.fromEntries(writer.figures.gapsByStatus)).toEqual({ open: 1, filled: 1, unfillable: 1 })
  })

  it('of dead letters alone is one', async () => {
    await write(rejected)
    expect(stored(topics.deadLetters)).toHaveLength(1)
    expect(writer.figures.dlqByCode.get('empty')).toBe(1)
  })

  it('of nothing is none', async () => {
    await writer.commit()
    expect(writer.isEmpty).toBe(true)
  })

  it('refuses a trade that is not above the last one: that would write it twice', async () => {
    await write(trade(5))
    expect(() => writer.add(trade(5))).toThrow('BTCUSDT: trade 5 came after 5')
  })
})

describe('a writer that is opened', () => {
  it('knows how far the ones before it have come, and fences them', async () => {
    await write(trade(1), trade(2))
    const next = newWriter()
    expect((await next.open()).get('BTCUSDT')?.trade_id).toBe(2)
    writer.add(trade(3))
    await expect(writer.commit()).rejects.toMatchObject({ code: 'fenced' })
  })

  it('does not start where a position can not be read', async () => {
    const collector = new RecordCollector(kafka.producer())
    await collector.open(topics.positions)
    collector.addBytes({ topic: topics.positions, key: Buffer.from('A'), value: Buffer.from('?'), timestampMs: 0 })
    await collector.flush()
    await expect(newWriter().open()).rejects.toThrow('topic positions partition 0 offset 0')
  })
})

describe('a commit whose answer is lost', () => {
  const failing = (reaches: boolean): TradeWriter => {
    const producer = kafka.transactionalProducer({ transactionalId: 'trade-producer-0' })
    let isFirst = true
    return new TradeWriter({
      log: kafka.logReader(),
      topics,
      codecs,
      producer: {
        ...producer,
        commit: async (transaction) => {
          if (!isFirst) return producer.commit(transaction)
          isFirst = false
          if (reaches) await producer.commit(transaction)
          throw new StreamsError('broker-unavailable', 'no answer', { retriable: true })
        },
      },
    })
  }

  it.each([true, false])('is made once, whether it was taken or not (%s)', async (reaches) => {
    writer = failing(reaches)
    await writer.open()
    for (const item of [trade(1), rejected]) writer.add(item)
    await expect(writer.commit()).rejects.toThrow('no answer')
    expect(() => writer.add(trade(2))).toThrow('under way')
    await writer.commit()
    await write(trade(2))
    expect(stored(topics.trades)).toHaveLength(2)
    expect(stored(topics.deadLetters)).toHaveLength(1)
    expect(writer.figures.produced).toBe(2)
  })
})
