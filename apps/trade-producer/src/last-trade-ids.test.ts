import type { Trade } from '@tidemark/schemas'
import { jsonCodec, RecordCollector, StreamsError, type Codec } from '@tidemark/streams'
import { InMemoryKafka } from '@tidemark/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { readLastTradeIds } from './last-trade-ids.ts'

const topic = 'binance-trades'
const codec: Codec<Trade> = jsonCodec(() => undefined)
let kafka: InMemoryKafka
let collector: RecordCollector

beforeEach(async () => {
  kafka = new InMemoryKafka()
  kafka.createTopic(topic, 6)
  collector = new RecordCollector(kafka.producer())
  await collector.open(topic)
})

const add = (symbol: string, id: number): void =>
  collector.add({ topic, key: symbol, value: { symbol, trade_id: id } as Trade, codec, timestampMs: 0 })
const read = (symbols: readonly string[], log = kafka.logReader()): Promise<Map<string, number>> =>
  readLastTradeIds({ log, topic, symbols, codec })

describe('the last trade ids of a topic', () => {
  it('are none in an empty topic', async () => {
    expect(await read(['BTCUSDT', 'ETHUSDT'])).toEqual(new Map())
  })

  it('are found for every symbol, also where two share a partition and one was last traded long ago', async () => {
    const symbols = Array.from({ length: 20 }, (_, index) => `S${index}`)
    for (const [index, symbol] of symbols.entries()) add(symbol, index + 1)
    await collector.flush()
    for (let id = 1; id <= 5_000; id++) {
      add('BTCUSDT', id)
      if (id % 100 === 0) await collector.flush()
    }
    const found = await read([...symbols, 'BTCUSDT'])
    expect(found.size).toBe(21)
    expect(found.get('BTCUSDT')).toBe(5_000)
    for (const [index, symbol] of symbols.entries()) expect(found.get(symbol)).toBe(index + 1)
  })

  it('are read from the end: of a long partition only as much as is needed', async () => {
    for (let id = 1; id <= 10_000; id++) {
      add('BTCUSDT', id)
      if (id % 100 === 0) await collector.flush()
    }
    const log = kafka.logReader()
    const asked: number[] = []
    const watched = {
      ...log,
      read: (...range: Parameters<typeof log.read>) => {
        asked.push(range[2] - range[1])
        return log.read(...range)
      },
    }
    expect(await read(['BTCUSDT'], watched)).toEqual(new Map([['BTCUSDT', 10_000]]))
    expect(asked).toEqual([1_000])
  })

  it('are those of trades: heartbeats and what can not be decoded are passed over', async () => {
    add('BTCUSDT', 7)
    collector.addBytes({ topic, key: Buffer.from('BTCUSDT'), value: null, timestampMs: 0 })
    collector.addBytes({ topic, key: Buffer.from('BTCUSDT'), value: Buffer.from('?'), timestampMs: 0 })
    await collector.flush()
    expect(await read(['BTCUSDT'])).toEqual(new Map([['BTCUSDT', 7]]))
  })

  it('are decoded with a writer schema that has to be fetched first', async () => {
    add('BTCUSDT', 7)
    await collector.flush()
    let isLoaded = false
    const learning: Codec<Trade> = {
      ...codec,
      decode: (bytes, start, end) =>
        isLoaded
          ? codec.decode(bytes, start, end)
          : { ok: false, issue: { code: 'unknown-schema', message: 'unknown', schemaId: 3 } },
      load: async (id) => (isLoaded = id === 3),
    }
    const found = await readLastTradeIds({ log: kafka.logReader(), topic, symbols: ['BTCUSDT'], codec: learning })
    expect(found).toEqual(new Map([['BTCUSDT', 7]]))
  })

  it('are an error that names the topic where there is none', async () => {
    const missing = readLastTradeIds({ log: kafka.logReader(), topic: 'nowhere', symbols: ['BTCUSDT'], codec })
    await expect(missing).rejects.toThrow(StreamsError)
  })

  it('are given up when the process is to stop', async () => {
    add('BTCUSDT', 7)
    await collector.flush()
    const signal = AbortSignal.abort(new Error('stopping'))
    const given = readLastTradeIds({ log: kafka.logReader(), topic, symbols: ['BTCUSDT'], codec, signal })
    await expect(given).rejects.toThrow('stopping')
  })
})
