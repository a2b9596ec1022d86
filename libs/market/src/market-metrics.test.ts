import type { MarketMetrics, Trade } from '@tidemark/schemas'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { marketMetrics } from './market-metrics.ts'
import { naiveMetrics } from './naive-metrics-fixture.ts'
import { fixtureStartMs, steppedTrades, tradeOf } from './trades-fixture.ts'

const sizeMs = 10_000
const floor = 1_000_000

function metricsOf(
  trades: readonly Trade[],
  { whaleFloor }: { whaleFloor: number | undefined } = { whaleFloor: floor },
): MarketMetrics {
  const aggregator = marketMetrics({ window: '10s', whaleFloor: () => whaleFloor })
  const window = { startMs: fixtureStartMs, endMs: fixtureStartMs + sizeMs }
  const folded = trades.reduce((state, trade) => aggregator.add(state, trade), aggregator.init())
  return aggregator.result(folded, { key: 'BTCUSDT', window, lateCount: 3, nowMs: 42 })
}

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

/** An order of arrival of a window's trades, some of them twice. */
const anyArrival = anyWindowTrades.chain((trades) =>
  fc
    .tuple(fc.shuffledSubarray(trades, { minLength: trades.length }), fc.subarray(trades))
    .chain(([once, again]) => fc.constant({ trades, arrived: [...once, ...again] })),
)

describe('the order of arrival', () => {
  test('any order, with trades coming twice, gives bit-identical results', () => {
    fc.assert(
      fc.property(anyArrival, ({ trades, arrived }) => {
        expect(metricsOf(arrived)).toStrictEqual(metricsOf(trades))
      }),
      { numRuns: 3_000 },
    )
  })

  test('nearly in order, as after a reconnect, gives bit-identical results too', () => {
    const swapped = fc.tuple(anyWindowTrades, fc.nat(), fc.integer({ min: 2, max: 8 })).map(([trades, at, length]) => {
      const start = at % trades.length
      const moved = trades.slice(start, start + length)
      return { trades, arrived: [...trades.slice(0, start), ...trades.slice(start + length), ...moved] }
    })
    fc.assert(
      fc.property(swapped, ({ trades, arrived }) => {
        expect(metricsOf(arrived)).toStrictEqual(metricsOf(trades))
      }),
      { numRuns: 2_000 },
    )
  })

  test('a result may be asked for at any time and changes nothing', () => {
    const aggregator = marketMetrics({ window: '10s', whaleFloor: () => 1 })
    const context = {
      key: 'BTCUSDT',
      window: { startMs: fixtureStartMs, endMs: fixtureStartMs + sizeMs },
      lateCount: 0,
      nowMs: 0,
    }
    const state = aggregator.add(aggregator.init(), tradeOf({ trade_id: 1 }))
    expect(aggregator.result(state, context)).toStrictEqual(aggregator.result(state, context))
    expect(aggregator.result(aggregator.add(state, tradeOf({ trade_id: 2 })), context).whale_order_count).toBe(1)
  })
})

test('every metric equals a naive recomputation: counts and prices exactly, sums to 1e-12', () => {
  fc.assert(
    fc.property(anyWindowTrades, (trades) => {
      const metrics: Record<string, unknown> = { ...metricsOf(trades) }
      for (const [name, expected] of Object.entries(naiveMetrics(trades, { startMs: fixtureStartMs, sizeMs }, floor))) {
        const actual = metrics[name] as number | null
        if (expected === null || actual === null || Number.isInteger(expected)) expect(actual, name).toBe(expected)
        // What is left of buys less sells is as exact as they are, not as it is small itself.
        else if (name === 'order_flow_imbalance') expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12)
        else expect(Math.abs(actual - expected), name).toBeLessThanOrEqual(Math.abs(expected) * 1e-12)
      }
    }),
    { numRuns: 2_000 },
  )
})

describe('a window', () => {
  test('names itself, and what the context knows', () => {
    expect(metricsOf([tradeOf({ trade_id: 7 })])).toMatchObject({
      symbol: 'BTCUSDT',
      window: '10s',
      window_start_ms: fixtureStartMs,
      window_end_ms: fixtureStartMs + sizeMs,
      late_trades: 3,
      emitted_at_ms: 42,
    })
  })

  test('of one trade has no variance, and no ratio where nothing was sold', () => {
    expect(metricsOf([tradeOf({ trade_id: 7 })])).toMatchObject({
      ...{ trade_count: 1, missing_trades: 0, open: 100, high: 100, low: 100, close: 100, vwap: 100 },
      ...{ realized_variance: 0, realized_volatility: 0, buy_sell_ratio: null, order_flow_imbalance: 1 },
    })
  })

  test('in which all was sold has the ratio 0 and the imbalance -1', () => {
    const sold = metricsOf([tradeOf({ trade_id: 7, is_buyer_maker: true })])
    expect(sold).toMatchObject({ buy_sell_ratio: 0, order_flow_imbalance: -1 })
  })

  test('counts the ids that are missing between its first and last', () => {
    expect(metricsOf([9, 3, 4].map((trade_id) => tradeOf({ trade_id })))).toMatchObject({
      ...{ trade_count: 3, first_trade_id: 3, last_trade_id: 9, missing_trades: 4 },
    })
  })

  test('sums exactly where plain adding would round', () => {
    const quantities = [1e16, 1, 1, 0.1, 0.1]
    const { base_volume } = metricsOf(
      quantities.map((quantity, index) => tradeOf({ trade_id: index, quantity, price: 1 })),
    )
    expect(base_volume).toBe(10_000_000_000_000_002)
  })
})

describe('the price grid', () => {
  const slotMs = sizeMs / 60
  const at = (slot: number, trade_id: number, price: number) =>
    tradeOf({ trade_id, price, trade_time_ms: fixtureStartMs + Math.ceil(slot * slotMs) })

  test('takes the price of the highest id in a slot, and carries it over empty slots', () => {
    const { realized_variance } = metricsOf([at(3, 1, 50), at(3, 2, 100), at(20, 3, 110), at(59, 4, 121)])
    expect(realized_variance).toBeCloseTo(2 * Math.log(1.1) ** 2, 15)
  })

  test('starts a slot exactly at its time', () => {
    const justBefore = tradeOf({ trade_id: 1, price: 100, trade_time_ms: fixtureStartMs + 166 })
    const after = tradeOf({ trade_id: 2, price: 200, trade_time_ms: fixtureStartMs + 167 })
    expect(metricsOf([justBefore, after]).realized_variance).toBe(Math.log(2) ** 2)
    const together = tradeOf({ trade_id: 2, price: 200, trade_time_ms: fixtureStartMs + 166 })
    expect(metricsOf([justBefore, together]).realized_variance).toBe(0)
  })

  test('is annualised over 365 days', () => {
    const { realized_volatility } = metricsOf([at(0, 1, 100), at(1, 2, 101)])
    expect(realized_volatility).toBeCloseTo(Math.log(1.01) * Math.sqrt(365 * 24 * 360), 10)
  })
})

describe('whale orders', () => {
  const fill = (trade_id: number, quantity: number, more: Partial<Trade> = {}) =>
    tradeOf({ trade_id, quantity, ...more })

  test('are judged on a whole order, not on single fills', () => {
    const fills = [fill(1, 4_000), fill(2, 3_000), fill(3, 3_000)]
    expect(metricsOf(fills)).toMatchObject({
      whale_order_count: 1,
      whale_quote_volume: 1e6,
      whale_buy_quote_volume: 1e6,
    })
    expect(metricsOf(fills.slice(1))).toMatchObject({ whale_order_count: 0, whale_quote_volume: 0 })
  })

  test.each([
    ['a hole in the ids', fill(3, 5_000)],
    ['another time', fill(2, 5_000, { trade_time_ms: fixtureStartMs + 1 })],
    ['the other side', fill(2, 5_000, { is_buyer_maker: true })],
  ])('end with %s', (_, other) => {
    expect(metricsOf([fill(1, 5_000), other]).whale_order_count).toBe(0)
    expect(metricsOf([fill(1, 5_000), fill(2, 5_000)]).whale_order_count).toBe(1)
  })

  test('reach the floor exactly where the exact sum of their fills does, in any order of fills', () => {
    const quotes = [0.1, 0.2, 0.3, 0.4]
    const fills = quotes.map((quantity, index) => fill(index, quantity, { price: 1 }))
    for (const arrived of [fills, fills.toReversed()]) {
      expect(metricsOf(arrived, { whaleFloor: 1 }).whale_order_count).toBe(1)
      expect(metricsOf(arrived, { whaleFloor: 1 + Number.EPSILON }).whale_order_count).toBe(0)
    }
  })

  test('count apart by side in the volume that was bought', () => {
    const both = [fill(1, 20_000), fill(2, 30_000, { is_buyer_maker: true })]
    expect(metricsOf(both)).toMatchObject({
      whale_order_count: 2,
      whale_quote_volume: 5e6,
      whale_buy_quote_volume: 2e6,
    })
  })

  test('are not judged without a floor', () => {
    expect(metricsOf([fill(1, 1e9)], { whaleFloor: undefined })).toMatchObject({ whale_order_count: 0 })
  })
})

test('more holes between ids than allowed are an error that names the likely cause', () => {
  const aggregator = marketMetrics({ window: '10s', whaleFloor: () => undefined, maxHoles: 2 })
  const fold = (ids: number[]) =>
    ids.reduce((state, trade_id) => aggregator.add(state, tradeOf({ trade_id })), aggregator.init())
  expect(() => fold([1, 3, 5])).not.toThrow()
  expect(() => fold([1, 3, 5, 7])).toThrow(/more than 2 holes.*id 7.*not contiguous/)
})
