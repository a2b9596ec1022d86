import type { Trade } from '@tidemark/schemas'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { naiveMetrics } from './naive-metrics-fixture.ts'
import { fixtureStartMs, metricsOf, steppedTrades, tradeOf } from './trades-fixture.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 1_000)
const sizeMs = 10_000
const floor = 1_000_000

/**
 * Trades of one window, by ascending ids with some holes: many share a millisecond and a side, as fills of one order do, and times do
 * not always ascend with the ids.
 */
const anyWindowTrades: fc.Arbitrary<Trade[]> = (() => {
  const step = fc.record({
    hole: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2),
    time: fc.constantFrom('same', 'same', 'same', 'any'),
    side: fc.constantFrom('same', 'same', 'other'),
    atMs: fc.nat(sizeMs - 1),
    price: fc.double({ min: 1e-8, max: 1e6, noNaN: true }),
    quantity: fc.double({ min: 1e-8, max: 1e4, noNaN: true }),
  })
  return fc
    .tuple(fc.nat(5_000_000_000), fc.array(step, { minLength: 1, maxLength: 60 }))
    .map(([firstId, steps]) => steppedTrades(firstId, steps))
})()

const exact = new Set([
  ...['trade_count', 'first_trade_id', 'last_trade_id', 'missing_trades', 'whale_order_count'],
  ...['open', 'high', 'low', 'close'],
])

test('every metric equals a naive recomputation: counts and prices exactly, sums to 1e-12', () => {
  fc.assert(
    fc.property(anyWindowTrades, (trades) => {
      const metrics: Record<string, unknown> = { ...metricsOf('10s', trades, { whaleFloor: () => floor }) }
      for (const [name, expected] of Object.entries(naiveMetrics(trades, { startMs: fixtureStartMs, sizeMs }, floor))) {
        const actual = metrics[name] as number | null
        if (expected === null || actual === null || exact.has(name)) expect(actual, name).toBe(expected)
        // What is left of buys less sells is as exact as they are, not as it is small itself.
        else if (name === 'order_flow_imbalance') expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12)
        else expect(Math.abs(actual - expected), name).toBeLessThanOrEqual(Math.abs(expected) * 1e-12)
      }
    }),
    { numRuns },
  )
})

describe('a window', () => {
  test('names itself, and what the context knows', () => {
    expect(metricsOf('10s', [tradeOf({ trade_id: 7 })])).toMatchObject({
      symbol: 'BTCUSDT',
      window: '10s',
      window_start_ms: fixtureStartMs,
      window_end_ms: fixtureStartMs + sizeMs,
      late_trades: 3,
      emitted_at_ms: 42,
    })
  })

  test('of one trade has no variance, and no ratio where nothing was sold', () => {
    expect(metricsOf('10s', [tradeOf({ trade_id: 7 })])).toMatchObject({
      ...{ trade_count: 1, missing_trades: 0, open: 100, high: 100, low: 100, close: 100, vwap: 100 },
      ...{ realized_variance: 0, realized_volatility: 0, bipower_variation: 0, parkinson_volatility: 0 },
      ...{ garman_klass_volatility: 0, buy_sell_ratio: null, order_flow_imbalance: 1, vpin: null },
    })
  })

  test('in which all was sold has the ratio 0 and the imbalance -1', () => {
    const sold = metricsOf('10s', [tradeOf({ trade_id: 7, is_buyer_maker: true })])
    expect(sold).toMatchObject({ buy_sell_ratio: 0, order_flow_imbalance: -1 })
  })

  test('sums exactly where plain adding would round', () => {
    const quantities = [1e16, 1, 1, 0.1, 0.1]
    const trades = quantities.map((quantity, index) => tradeOf({ trade_id: index, quantity, price: 1 }))
    expect(metricsOf('10s', trades).base_volume).toBe(10_000_000_000_000_002)
  })

  test('has the range volatilities of its candle, annualised over 365 days', () => {
    const prices = [100, 121, 90, 110]
    const metrics = metricsOf(
      '10s',
      prices.map((price, trade_id) => tradeOf({ trade_id, price })),
    )
    const windows = 365 * 24 * 360
    const range = Math.log(121 / 90) ** 2
    expect(metrics.parkinson_volatility).toBeCloseTo(Math.sqrt((range / (4 * Math.log(2))) * windows), 9)
    const klass = 0.5 * range - (2 * Math.log(2) - 1) * Math.log(1.1) ** 2
    expect(metrics.garman_klass_volatility).toBeCloseTo(Math.sqrt(klass * windows), 9)
  })
})

describe('the price grid', () => {
  const slotMs = sizeMs / 60
  const at = (slot: number, trade_id: number, price: number) =>
    tradeOf({ trade_id, price, trade_time_ms: fixtureStartMs + Math.ceil(slot * slotMs) })

  test('takes the price of the highest id in a slot, and carries it over empty slots', () => {
    const trades = [at(3, 1, 50), at(3, 2, 100), at(20, 3, 110), at(59, 4, 121)]
    const { realized_variance, bipower_variation } = metricsOf('10s', trades)
    expect(realized_variance).toBeCloseTo(2 * Math.log(1.1) ** 2, 15)
    expect(bipower_variation).toBe(0)
  })

  test('has a bipower variation where returns follow each other', () => {
    const { bipower_variation } = metricsOf('10s', [at(3, 1, 100), at(4, 2, 110), at(5, 3, 99)])
    expect(bipower_variation).toBeCloseTo((Math.PI / 2) * Math.log(1.1) * Math.log(110 / 99), 15)
  })

  test('starts a slot exactly at its time', () => {
    const before = tradeOf({ trade_id: 1, price: 100, trade_time_ms: fixtureStartMs + 166 })
    const after = tradeOf({ trade_id: 2, price: 200, trade_time_ms: fixtureStartMs + 167 })
    expect(metricsOf('10s', [before, after]).realized_variance).toBe(Math.log(2) ** 2)
    const together = tradeOf({ trade_id: 2, price: 200, trade_time_ms: fixtureStartMs + 166 })
    expect(metricsOf('10s', [before, together]).realized_variance).toBe(0)
  })

  test('is annualised over 365 days', () => {
    const { realized_volatility } = metricsOf('10s', [at(0, 1, 100), at(1, 2, 101)])
    expect(realized_volatility).toBeCloseTo(Math.log(1.01) * Math.sqrt(365 * 24 * 360), 10)
  })
})

describe('a trade that comes late, into a window that is open', () => {
  const [first, gone, last] = [3, 4, 5].map((trade_id) =>
    tradeOf({ trade_id, price: 100 + trade_id, quantity: 5_000, trade_time_ms: fixtureStartMs + trade_id * 1_000 }),
  ) as [Trade, Trade, Trade]

  test('adds to all that does not depend on the order, and is missing no more', () => {
    const inTime = metricsOf('10s', [first, gone, last], { whaleFloor: () => 1e5 })
    const late = metricsOf('10s', [first, last, gone, gone], { whaleFloor: () => 1e5 })
    expect(late.missing_trades).toBe(0)
    const { whale_order_count, whale_quote_volume, whale_buy_quote_volume, ...others } = inTime
    expect(late).toMatchObject(others)
    expect([whale_order_count, late.whale_order_count]).toEqual([3, 2])
    expect(late.whale_quote_volume).toBeLessThan(whale_quote_volume)
    expect(late.whale_buy_quote_volume).toBeLessThan(whale_buy_quote_volume)
  })
})
