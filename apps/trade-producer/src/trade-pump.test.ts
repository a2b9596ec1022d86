import type { FeedItem } from '@tidemark/binance'
import type { Trade } from '@tidemark/schemas'
import {
  jsonCodec,
  StreamsError,
  type Codec,
  type Header,
  type OutputBatch,
  type ProducerPort,
} from '@tidemark/streams'
import { InMemoryKafka } from '@tidemark/testing'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { TradePump } from './trade-pump.ts'

const topic = 'binance-trades'
const dlqTopic = 'binance-trades-dlq'
const codec: Codec<Trade> = jsonCodec(() => undefined)
let kafka: InMemoryKafka

beforeEach(() => {
  kafka = new InMemoryKafka()
  kafka.createTopic(topic, 6)
  kafka.createTopic(dlqTopic)
})

const trade = (symbol: string, id: number): FeedItem => ({
  kind: 'trade',
  trade: { symbol, trade_id: id, trade_time_ms: 1_000 } as Trade,
})
const rejected = (bytes: Buffer): FeedItem => ({
  kind: 'rejected',
  code: 'not-json',
  message: 'the frame is not JSON',
  bytes,
  receivedAtMs: 1_723_161_254_087,
})

async function* feedOf(
  ...batches: readonly (readonly FeedItem[])[]
): AsyncGenerator<{ readonly items: readonly FeedItem[] }> {
  for (const items of batches) yield { items }
}

async function pumpWith(options: { last?: [string, number][]; producer?: ProducerPort } = {}): Promise<TradePump> {
  const { last = [], producer = kafka.producer() } = options
  const pump = new TradePump({ producer, topic, dlqTopic, codec, lastTradeIds: new Map(last) })
  await pump.open()
  return pump
}

interface Stored {
  readonly key: string | undefined
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

function stored(name: string): Stored[] {
  return kafka.partitions(name).flatMap((_, partition) =>
    kafka.batchesFrom({ topic: name, partition }, 0).flatMap((batch) => {
      const records: Stored[] = []
      for (const cursor = batch.cursor(); cursor.next();) {
        records.push({ key: cursor.key()?.toString(), value: cursor.value(), headers: cursor.headers() })
      }
      return records
    }),
  )
}

const idsOf = (symbol: string): number[] =>
  stored(topic)
    .filter(({ key }) => key === symbol)
    .map(({ value }) => (JSON.parse(String(value)) as Trade).trade_id)

describe('the pump', () => {
  it('writes each trade keyed by its symbol, in the order it came', async () => {
    const pump = await pumpWith()
    await pump.run(feedOf([trade('BTCUSDT', 5), trade('ETHUSDT', 9)], [trade('BTCUSDT', 6)]))
    expect(idsOf('BTCUSDT')).toEqual([5, 6])
    expect(idsOf('ETHUSDT')).toEqual([9])
    expect(pump.figures).toMatchObject({ produced: 3, dlq: 0, duplicates: 0 })
  })

  it('drops what is not above the last id of its symbol, in the topic or in this run', async () => {
    const pump = await pumpWith({ last: [['BTCUSDT', 5]] })
    await pump.run(feedOf([trade('BTCUSDT', 5), trade('BTCUSDT', 6), trade('ETHUSDT', 5)], [trade('BTCUSDT', 6)]))
    expect(idsOf('BTCUSDT')).toEqual([6])
    expect(pump.figures).toMatchObject({
      produced: 2,
      duplicates: 2,
      lastTradeIds: new Map([
        ['BTCUSDT', 6],
        ['ETHUSDT', 5],
      ]),
    })
  })

  it('writes every id once, in order, however often the feed starts over', async () => {
    const replay = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(replay, async (lengths) => {
        kafka = new InMemoryKafka()
        kafka.createTopic(topic, 6)
        kafka.createTopic(dlqTopic)
        const pump = await pumpWith()
        const replays = lengths.map((length) => Array.from({ length }, (_, index) => trade('BTCUSDT', index + 1)))
        await pump.run(feedOf(...replays))
        expect(idsOf('BTCUSDT')).toEqual(Array.from({ length: Math.max(...lengths) }, (_, index) => index + 1))
      }),
    )
  })

  it('writes a rejected frame to the dead letters: its bytes unchanged, no key, the reason in headers', async () => {
    const pump = await pumpWith()
    await pump.run(feedOf([trade('BTCUSDT', 1), rejected(Buffer.from([0xff, 0x00])), trade('BTCUSDT', 2)]))
    const [letter] = stored(dlqTopic)
    expect(letter?.key).toBeUndefined()
    expect(letter?.value).toEqual(Buffer.from([0xff, 0x00]))
    expect(letter?.headers.map(({ key, value }) => [key, String(value)])).toEqual([
      ['__streams.errors.exception', 'RejectedFrame'],
      ['__streams.errors.message', 'the frame is not JSON'],
      ['tidemark.dlq.code', 'not-json'],
      ['tidemark.dlq.attempts', '1'],
      ['tidemark.dlq.ingestion_time_ms', '1723161254087'],
    ])
    expect(idsOf('BTCUSDT')).toEqual([1, 2])
    expect(pump.figures).toMatchObject({ produced: 2, dlq: 1, dlqByCode: new Map([['not-json', 1]]) })
  })

  it('cuts a dead letter above 900 kB and says how long it was', async () => {
    const pump = await pumpWith()
    await pump.run(feedOf([rejected(Buffer.alloc(2_000_000, 'x'))]))
    const [letter] = stored(dlqTopic)
    expect(letter?.value?.length).toBe(900_000)
    expect(letter?.headers.map(({ key, value }) => [key, String(value)])).toContainEqual([
      'tidemark.dlq.original_bytes',
      '2000000',
    ])
  })

  it('writes a batch of the feed in one send, and a large one in several that stay bounded', async () => {
    const sends: number[] = []
    const memory = kafka.producer()
    const producer: ProducerPort = {
      ...memory,
      send: (batches: readonly OutputBatch[]) => {
        sends.push(batches.reduce((bytes, { records }) => bytes + records.length, 0))
        return memory.send(batches)
      },
    }
    const pump = await pumpWith({ producer })
    await pump.run(feedOf([trade('BTCUSDT', 1), trade('ETHUSDT', 2), rejected(Buffer.from('x'))]))
    expect(sends).toHaveLength(1)
    await pump.run(feedOf(Array.from({ length: 30 }, () => rejected(Buffer.alloc(2_000_000)))))
    expect(Math.max(...sends)).toBeLessThan(9_000_000)
    expect(stored(dlqTopic)).toHaveLength(31)
  })

  it('counts nothing as produced that Kafka has not acknowledged, and ends with its error', async () => {
    const refusal = new StreamsError('broker-unavailable', 'no broker answers')
    const producer: ProducerPort = { ...kafka.producer(), send: () => Promise.reject(refusal) }
    const pump = await pumpWith({ last: [['BTCUSDT', 5]], producer })
    await expect(pump.run(feedOf([trade('BTCUSDT', 6)]))).rejects.toBe(refusal)
    expect(pump.figures).toMatchObject({ produced: 0, lastTradeIds: new Map([['BTCUSDT', 5]]) })
  })

  it('does not begin where a topic is missing, and names it', async () => {
    const pump = new TradePump({
      producer: kafka.producer(),
      topic,
      dlqTopic: 'nowhere',
      codec,
      lastTradeIds: new Map(),
    })
    await expect(pump.open()).rejects.toThrow('nowhere')
  })
})
