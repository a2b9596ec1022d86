import type { FeedItem } from '@tidemark/binance'
import type { Trade, TradeGap, TradePosition } from '@tidemark/schemas'
import { StopRequestedError } from '@tidemark/service'
import { RecordCollector, StreamsError, type LogReaderPort } from '@tidemark/streams'
import type { InMemoryKafka } from '@tidemark/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { HeldUp } from './read-positions.ts'
import { topics, trade, WriterFixture } from './trade-writer-fixture.ts'
import type { TradeWriter, TradeWriterOptions } from './trade-writer.ts'

let fixture: WriterFixture
let kafka: InMemoryKafka
let writer: TradeWriter

const newWriter = (changed: Partial<TradeWriterOptions> = {}): TradeWriter => fixture.writer(changed)
const stored = (topic: string) => fixture.stored(topic)

beforeEach(async () => {
  fixture = new WriterFixture()
  ;({ kafka } = fixture)
  writer = newWriter()
  await writer.open()
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

describe('what is sent ahead of its commit', () => {
  it('is seen by nobody before, and then in its order, the last position that of the last trade', async () => {
    writer.add(trade(1))
    await writer.send()
    writer.add(trade(2))
    await writer.send()
    writer.add(trade(3))
    expect(stored(topics.trades)).toEqual([])
    await writer.commit()
    expect(stored(topics.trades).map(({ value }) => (value as Trade).trade_id)).toEqual([1, 2, 3])
    expect(stored(topics.positions).map(({ value }) => (value as TradePosition).trade_id)).toEqual([1, 3])
  })

  it('is acknowledged then, and committed later', async () => {
    const received = (id: number, ingestion_time_ms: number): FeedItem => ({
      kind: 'trade',
      trade: { symbol: 'BTCUSDT', trade_id: id, trade_time_ms: 7, ingestion_time_ms } as Trade,
    })
    const acknowledged: (readonly number[])[] = []
    writer = newWriter({ onAcknowledged: (receivedMs) => acknowledged.push(receivedMs) })
    await writer.open()
    writer.add(received(1, 100))
    await writer.send()
    await writer.send()
    expect(acknowledged).toEqual([[100]])
    writer.add(received(2, 200))
    expect(await writer.commit()).toEqual([100, 200])
    expect(acknowledged).toEqual([[100], [200]])
  })

  it('counts in the size of the transaction until it is committed', async () => {
    writer.add(trade(1))
    const { bufferedBytes } = writer
    await writer.send()
    expect(writer.bufferedBytes).toBeGreaterThan(bufferedBytes)
    await writer.commit()
    expect(writer.bufferedBytes).toBe(0)
  })

  it('is nowhere for a writer that takes over before the commit', async () => {
    writer.add(trade(1))
    await writer.send()
    const next = newWriter()
    expect(await next.open()).toEqual(new Map())
    next.add(trade(1))
    await next.commit()
    expect(stored(topics.trades)).toHaveLength(1)
    await expect(writer.commit()).rejects.toMatchObject({ code: 'fenced' })
  })

  it('of a writer that was taken over from fails the commit for good', async () => {
    writer.add(trade(1))
    await newWriter().open()
    await writer.send()
    await expect(writer.commit()).rejects.toMatchObject({ code: 'fenced' })
  })

  it.each([true, false])(
    'and not acknowledged fails the commit, which is then made once (taken: %s)',
    async (reaches) => {
      const producer = fixture.producer()
      let sends = 0
      const send: typeof producer.send = async (batches) => {
        sends++
        if (sends !== 2) return producer.send(batches)
        if (reaches) await producer.send(batches)
        throw new StreamsError('broker-unavailable', 'no answer', { retriable: true })
      }
      writer = newWriter({ producer: { ...producer, send } })
      await writer.open()
      for (const id of [1, 2, 3]) {
        writer.add(trade(id))
        await writer.send()
      }
      expect(sends).toBe(2)
      await expect(writer.commit()).rejects.toThrow('no answer')
      await writer.commit()
      await write(trade(4))
      expect(stored(topics.trades).map(({ value }) => (value as Trade).trade_id)).toEqual([1, 2, 3, 4])
      expect(writer.figures.produced).toBe(4)
    },
  )
})

describe('a writer that is opened', () => {
  it('knows how far the ones before it have come, and fences them', async () => {
    await write(trade(1), trade(2))
    const next = newWriter()
    expect((await next.open()).get('BTCUSDT')?.trade_id).toBe(2)
    writer.add(trade(3))
    await expect(writer.commit()).rejects.toMatchObject({ code: 'fenced' })
  })

  it('begins a symbol anew whose position was taken away', async () => {
    await write(trade(2))
    const collector = new RecordCollector(kafka.producer())
    await collector.open(topics.positions)
    collector.addBytes({ topic: topics.positions, key: Buffer.from('BTCUSDT'), value: null, timestampMs: 0 })
    await collector.flush()
    const next = newWriter()
    expect((await next.open()).has('BTCUSDT')).toBe(false)
    next.add(trade(1))
    await next.commit()
    expect((await newWriter().open()).get('BTCUSDT')?.trade_id).toBe(1)
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
  it.each([true, false])('is made once, whether it was taken or not (%s)', async (reaches) => {
    writer = fixture.failing(reaches)
    await writer.open()
    writer.add(trade(1))
    await writer.send()
    writer.add(rejected)
    await expect(writer.commit()).rejects.toThrow('no answer')
    expect(() => writer.add(trade(2))).toThrow('under way')
    await writer.commit()
    await write(trade(2))
    expect(stored(topics.trades)).toHaveLength(2)
    expect(stored(topics.deadLetters)).toHaveLength(1)
    expect(writer.figures.produced).toBe(2)
  })
})

describe('while another shard has a transaction open, before ours in the topic of positions', () => {
  /** What is readable of positions ends at 0 from when `held` is set; `wait` goes on until the other transaction is ended. */
  const behind = (others: { held: boolean; wait: () => Promise<void> }): LogReaderPort => {
    const reader = kafka.logReader()
    return {
      ...reader,
      offsets: async (topic, options = {}) =>
        (await reader.offsets(topic, options)).map(({ startOffset, endOffset }) => {
          const isHidden = others.held && topic === topics.positions && options.isolation !== 'read_uncommitted'
          return { startOffset, endOffset: isHidden ? 0 : endOffset }
        }),
      read: async function* (partition, fromOffset, toOffset) {
        if (others.held) await others.wait()
        yield* reader.read(partition, fromOffset, toOffset)
      },
    }
  }

  it('a commit that was taken, and whose answer was lost, is found and not made again', async () => {
    const producer = fixture.producer()
    const others = { held: false, wait: () => Promise.resolve() }
    const heldUp: HeldUp[] = []
    const commit: typeof producer.commit = async (transaction) => {
      await producer.commit(transaction)
      if (others.held) return
      others.held = true
      throw new StreamsError('broker-unavailable', 'no answer', { retriable: true })
    }
    writer = newWriter({
      log: behind(others),
      producer: { ...producer, commit },
      onHeldUp: (range) => heldUp.push(range),
    })
    await writer.open()
    expect(heldUp).toEqual([])
    writer.add(trade(1))
    await expect(writer.commit()).rejects.toThrow('no answer')
    await writer.commit()
    expect(stored(topics.trades)).toHaveLength(1)
    expect(heldUp).toEqual([{ partition: 0, readableTo: 0, writtenTo: 1 }])
  })

  it('a start goes on behind what is committed; it ends at a stop instead of waiting', async () => {
    await write(trade(1))
    const others = { held: true, wait: () => Promise.resolve() }
    const parts = { log: behind(others) }
    expect((await newWriter(parts).open()).get('BTCUSDT')).toMatchObject({ trade_id: 1 })
    const waiting = Promise.withResolvers<void>()
    others.wait = () => {
      waiting.resolve()
      return new Promise(() => undefined)
    }
    const stop = new AbortController()
    const opened = newWriter(parts).open(stop.signal)
    await waiting.promise
    stop.abort()
    await expect(opened).rejects.toThrow(StopRequestedError)
  })
})
