import type { WhaleOrder } from '@tidemark/schemas'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SymbolFlow, type SymbolFlowOptions } from './symbol-flow.ts'
import { fixtureStartMs, steppedTrades, tradeOf } from './trades-fixture.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 500)
const options = (some: Partial<SymbolFlowOptions> = {}): SymbolFlowOptions => ({
  whaleFloor: () => 1_000,
  vpinBucket: () => undefined,
  ...some,
})
const flowOf = (some: Partial<SymbolFlowOptions> = {}) => new SymbolFlow('BTCUSDT', options(some))
/** A trade at a price of 100. */
const fill = (trade_id: number, quantity: number, more = {}) => tradeOf({ trade_id, quantity, ...more })

describe('whale orders', () => {
  test('are judged on a whole order, not on single fills, and tell all of it', () => {
    const flow = flowOf()
    const shares = [fill(1, 4), fill(2, 3, { price: 101 }), fill(3, 4, { price: 102 })].map((trade) => ({
      ...flow.add(trade, 0).whale,
    }))
    expect(shares).toEqual([
      { orders: 0, quotes: [], isBuy: false },
      { orders: 0, quotes: [], isBuy: false },
      { orders: 1, quotes: [1_111], isBuy: true },
    ])
    expect({ ...flow.add(fill(4, 1), 0).whale }).toEqual({ orders: 0, quotes: [100], isBuy: true })
    expect(flow.takeWhales(fixtureStartMs)).toEqual([])
    expect(flow.whaleDueMs).toBe(fixtureStartMs + 1)
    expect(flow.takeWhales(fixtureStartMs + 1)).toEqual([
      {
        symbol: 'BTCUSDT',
        side: 'buy',
        first_trade_id: 1,
        last_trade_id: 4,
        fill_count: 4,
        trade_time_ms: fixtureStartMs,
        vwap: 1_211 / 12,
        base_quantity: 12,
        quote_quantity: 1_211,
        price_from: 100,
        price_to: 100,
        threshold_quote: 1_000,
        rule: 'floor',
      } satisfies WhaleOrder,
    ])
    expect(flow.takeWhales(Infinity)).toEqual([])
  })

  test.each([
    ['a hole in the ids', fill(3, 5)],
    ['another time', fill(2, 5, { trade_time_ms: fixtureStartMs + 1 })],
    ['the other side', fill(2, 5, { is_buyer_maker: true })],
  ])('end with %s', (_, other) => {
    const [apart, together] = [other, fill(2, 5)].map((second) => {
      const flow = flowOf()
      for (const trade of [fill(1, 5), second]) flow.add(trade, 0)
      return flow.takeWhales(Infinity).length
    })
    expect([apart, together]).toEqual([0, 1])
  })

  test('reach the floor exactly where the exact sum of their fills does', () => {
    const quotes = [0.1, 0.2, 0.3, 0.4]
    const whalesAt = (floor: number) => {
      const flow = flowOf({ whaleFloor: () => floor })
      for (const [index, quantity] of quotes.entries()) flow.add(fill(index, quantity, { price: 1 }), 0)
      return flow.takeWhales(Infinity).length
    }
    expect([whalesAt(1), whalesAt(1 + Number.EPSILON)]).toEqual([1, 0])
  })

  test('leave in order of their first ids, once time has passed each', () => {
    const flow = flowOf()
    const trades = [
      fill(1, 20),
      fill(2, 20, { is_buyer_maker: true }),
      fill(3, 20, { trade_time_ms: fixtureStartMs + 5 }),
    ]
    for (const trade of trades) flow.add(trade, 0)
    expect(flow.takeWhales(fixtureStartMs + 5).map(({ first_trade_id, side }) => [first_trade_id, side])).toEqual([
      [1, 'buy'],
      [2, 'sell'],
    ])
    expect(flow.takeWhales(fixtureStartMs + 6).map(({ first_trade_id }) => first_trade_id)).toEqual([3])
  })

  test('take no fill that comes behind the watermark, nor one that was given up', () => {
    const flow = flowOf()
    flow.add(fill(1, 20), 0)
    flow.takeWhales(fixtureStartMs + 1)
    expect(flow.add(fill(2, 20), fixtureStartMs + 1).whale).toBeUndefined()
    flow.add(fill(5, 1), 0)
    expect(flow.add(fill(4, 20), 0)).toMatchObject({ isLate: true, previousId: null, whale: undefined })
    expect(flow.takeWhales(Infinity)).toEqual([])
  })

  test('are not judged without a floor', () => {
    const flow = flowOf({ whaleFloor: () => undefined })
    flow.add(fill(1, 1e9), 0)
    expect(flow.takeWhales(Infinity)).toEqual([])
  })

  test('are asked for the running quantile too, after 10,000 orders, of those before them', () => {
    const flow = flowOf({ whaleQuantile: 0.9, whaleFloor: () => 100 })
    const sized = (trade_id: number, quantity: number) =>
      flow.add(fill(trade_id, quantity, { trade_time_ms: fixtureStartMs + trade_id }), 0)
    for (let id = 1; id <= 10_000; id++) sized(id, 1 + (id % 100))
    flow.takeWhales(Infinity)
    for (const [id, quantity] of [10, 89, 93].entries()) sized(10_001 + id, quantity)
    const [only, ...others] = flow.takeWhales(Infinity)
    expect(others).toEqual([])
    expect(only).toMatchObject({ first_trade_id: 10_003, rule: 'quantile' })
    // 9,000 is the true one, of the first 10,000 and the two that came between.
    expect(Math.abs((only?.threshold_quote ?? 0) / 9_000 - 1)).toBeLessThanOrEqual(0.01)
  })
})

test('a hole between ids is told with its ids and the times around it, but not what was before the first trade', () => {
  const flow = flowOf()
  expect(flow.gapBefore(fill(7, 1))).toBeUndefined()
  expect(flow.add(fill(7, 1), 0).previousId).toBeNull()
  expect(flow.gapBefore(fill(8, 1))).toBeUndefined()
  const behind = fill(11, 1, { trade_time_ms: fixtureStartMs + 30 })
  expect(flow.gapBefore(behind)).toEqual({
    hole: { kind: 'hole', missing: { first: 8, last: 10 } },
    fromMs: fixtureStartMs,
    anomaly: {
      ...{ id: 'data_gap:BTCUSDT:8-10', symbol: 'BTCUSDT', kind: 'data_gap', window: null },
      ...{ window_start_ms: fixtureStartMs, window_end_ms: fixtureStartMs + 30, value: 3, baseline: 0, score: 3 },
      ...{ threshold: 1, first_missing_id: 8, last_missing_id: 10, detected_at_ms: fixtureStartMs + 30 },
    },
  })
  expect(flow.add(behind, 0).previousId).toBe(7)
})

test('going on from a snapshot changes nothing that comes out', () => {
  const step = fc.record({
    hole: fc.constantFrom(0, 0, 0, 1),
    time: fc.constantFrom('same', 'same', 'any'),
    side: fc.constantFrom('same', 'same', 'other'),
    atMs: fc.nat(1_000),
    price: fc.double({ min: 1, max: 100, noNaN: true }),
    quantity: fc.double({ min: 0.1, max: 50, noNaN: true }),
  })
  const quantile = fc.constantFrom(undefined, 0.5)
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.array(fc.nat(3), { maxLength: 60 }),
      quantile,
      (steps, kills, at) => {
        const settings = options({ whaleQuantile: at, vpinBucket: () => 20 })
        const [straight, killed] = [false, true].map((killing) => {
          let flow = new SymbolFlow('BTCUSDT', settings)
          return steppedTrades(1, steps).map((trade, index) => {
            if (killing && kills[index] === 0) {
              flow = SymbolFlow.restore(JSON.parse(JSON.stringify(flow.snapshot())), settings)
            }
            const gap = flow.gapBefore(trade)
            const item = { ...flow.add(trade, 0) }
            const whales = kills[index] === 1 ? flow.takeWhales(trade.trade_time_ms) : []
            return { gap, item, whales, dueMs: flow.whaleDueMs }
          })
        })
        expect(killed).toEqual(straight)
      },
    ),
    { numRuns },
  )
})
