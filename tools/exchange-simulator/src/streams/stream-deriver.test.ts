import { describe, expect, it } from 'vitest'
import { PublishedTrades } from '../history/published-trades.ts'
import { parseDerivedStream } from './derived-stream.ts'
import { SETTLE_MS, StreamDeriver } from './stream-deriver.ts'

const MINUTE_MS = 60_000
const START_MS = 30_000_000 * MINUTE_MS

function setUp(...names: readonly string[]) {
  const published = new PublishedTrades(['BTCUSDT'], 10_000)
  const deriver = new StreamDeriver(published)
  deriver.open(names, START_MS)
  const data = (frames: ReturnType<StreamDeriver['derive']>) =>
    frames.map(({ bytes, dataStart, stream }) => {
      expect(stream).toBe(names[0])
      return JSON.parse(bytes.subarray(dataStart, -1).toString()) as Record<string, unknown> & { k: object }
    })
  return {
    trade(tradeId: number, afterMs: number, price = '61837.63', isBuyerMaker = false) {
      published.append({
        symbol: 'BTCUSDT',
        tradeId,
        price,
        quantity: '2',
        tradeTimeMs: START_MS + afterMs,
        isBuyerMaker,
      })
    },
    derive: (afterMs: number) => data(deriver.derive(names, START_MS + afterMs)),
    finish: (afterMs: number) => data(deriver.finish(names, START_MS + afterMs)),
    deriver,
    published,
  }
}

describe('aggregates', () => {
  it('are sent when another order has begun, or when enough time has passed', () => {
    const { trade, derive } = setUp('btcusdt@aggTrade')
    trade(10, 0)
    trade(11, 0)
    expect(derive(1)).toEqual([])
    trade(12, 50)
    expect(derive(60)).toEqual([
      {
        e: 'aggTrade',
        E: START_MS + 60,
        s: 'BTCUSDT',
        a: 10,
        p: '61837.63000000',
        q: '4.00000000',
        f: 10,
        l: 11,
        T: START_MS,
        m: false,
        M: true,
      },
    ])
    expect(derive(50 + SETTLE_MS)).toEqual([])
    expect(derive(51 + SETTLE_MS)).toMatchObject([{ a: 11, f: 12, l: 12 }])
    expect(derive(MINUTE_MS)).toEqual([])
  })

  it('of what was before are not sent, and the last one at the end', () => {
    const { trade, deriver, published } = setUp()
    trade(1, 0)
    const later = new StreamDeriver(published)
    later.open(['btcusdt@aggTrade'], START_MS)
    trade(2, 10)
    expect(later.derive(['btcusdt@aggTrade'], START_MS + 20)).toEqual([])
    expect(later.finish(['btcusdt@aggTrade'], START_MS + 20)).toHaveLength(1)
    expect(deriver.finish(['btcusdt@aggTrade'], START_MS)).toEqual([])
  })
})

it('best prices are those a trade left behind, and have no time', () => {
  const { trade, derive } = setUp('btcusdt@bookTicker')
  trade(10, 0, '100')
  trade(11, 0, '101', true)
  const size = '2.00000000'
  expect(derive(1)).toEqual([{ u: 11, s: 'BTCUSDT', b: '101.00000000', B: size, a: '101.01000000', A: size }])
  expect(derive(2)).toEqual([])
})

describe('candles', () => {
  it('are sent when they change, each two seconds at most, and once when they close', () => {
    const { trade, derive } = setUp('btcusdt@kline_1m')
    trade(10, 0, '100')
    expect(derive(10)).toMatchObject([
      { e: 'kline', E: START_MS + 10, k: { t: START_MS, T: START_MS + 59_999, x: false, n: 1 } },
    ])
    trade(11, 1000, '105')
    expect(derive(2009)).toEqual([])
    expect(derive(2010)).toMatchObject([{ k: { n: 2, f: 10, L: 11, h: '105.00000000', x: false } }])
    expect(derive(5000)).toEqual([])
    trade(12, MINUTE_MS + 1, '99')
    expect(derive(MINUTE_MS + 50)).toEqual([])
    expect(derive(MINUTE_MS + SETTLE_MS)).toMatchObject([
      { k: { n: 2, o: '100.00000000', c: '105.00000000', v: '4.00000000', q: '410.00000000', x: true } },
      { k: { t: START_MS + MINUTE_MS, n: 1, o: '99.00000000', x: false } },
    ])
  })

  it('without trades close too, at the last price', () => {
    const { trade, derive } = setUp('btcusdt@kline_1s')
    trade(10, 0, '100')
    const closed = derive(3500).filter(({ k }) => (k as { x: boolean }).x)
    expect(closed).toMatchObject([
      { k: { n: 1, f: 10, L: 10 } },
      { k: { n: 0, f: -1, L: -1, o: '100.00000000', c: '100.00000000', v: '0.00000000' } },
      { k: { n: 0 } },
    ])
  })

  it('are not closed before their time at the end, and none is made of nothing', () => {
    const { trade, derive, finish } = setUp('btcusdt@kline_1m')
    expect(derive(10 * MINUTE_MS)).toEqual([])
    trade(10, 10 * MINUTE_MS + 5)
    expect(finish(10 * MINUTE_MS + 10)).toMatchObject([{ k: { n: 1, x: false } }])
  })
})

it('streams are known by their names, whose case counts', () => {
  expect(parseDerivedStream('btcusdt@kline_1M')).toEqual({
    kind: 'kline',
    symbol: 'BTCUSDT',
    interval: '1M',
    offsetMs: 0,
  })
  expect(parseDerivedStream('btcusdt@kline_1d@+08:00')).toMatchObject({ interval: '1d', offsetMs: 28_800_000 })
  expect(parseDerivedStream('btcusdt@bookTicker')).toEqual({ kind: 'bookTicker', symbol: 'BTCUSDT' })
  for (const name of ['btcusdt@trade', 'btcusdt@kline_2m', 'btcusdt', 'btcusdt@kline_1m@+09:00']) {
    expect(parseDerivedStream(name)).toBeUndefined()
  }
})
