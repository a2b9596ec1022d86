import type { MarketMetrics, Trade } from '@tidemark/schemas'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { marketMetrics } from './market-metrics.ts'
import { snapshotOf, type MarketWindow } from './market-window.ts'
import { fixtureStartMs, steppedTrades, tradeOf } from './trades-fixture.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 1_000)
const sizeMs = 60_000

function minuteOf(floor: number | undefined, maxHoles = 1_000) {
  const aggregator = marketMetrics({ window: '1m', whaleFloor: () => floor, maxHoles })
  const window = { startMs: fixtureStartMs, endMs: fixtureStartMs + sizeMs }
  return {
    fold: (trades: readonly Trade[], from: MarketWindow = aggregator.init()) =>
      trades.reduce((state, trade) => aggregator.add(state, trade), from),
    resultOf: (state: MarketWindow): MarketMetrics =>
      aggregator.result(state, { key: 'BTCUSDT', window, lateCount: 0, nowMs: 0 }),
    restore: (text: string): MarketWindow => aggregator.restore?.(JSON.parse(text)) ?? aggregator.init(),
  }
}

const textOf = (state: MarketWindow) => JSON.stringify(snapshotOf(state))

const step = fc.record({
  hole: fc.constantFrom(0, 0, 0, 0, 0, 1, 3),
  time: fc.constantFrom('same', 'same', 'any'),
  side: fc.constantFrom('same', 'same', 'other'),
  atMs: fc.nat(sizeMs - 1),
  price: fc.oneof(fc.double({ min: 1e-8, max: 1e6, noNaN: true }), fc.constantFrom(61_837.01, 61_838)),
  quantity: fc.oneof(fc.double({ min: 1e-8, max: 1e4, noNaN: true }), fc.constantFrom(0.1, 0.2, 1e16)),
})

/** Trades as they arrive: in order or in any, some of them twice. */
const anyArrival = fc
  .tuple(fc.nat(5_000_000_000), fc.array(step, { maxLength: 80 }))
  .map(([firstId, steps]) => steppedTrades(firstId - 1, steps))
  .chain((trades) =>
    fc
      .tuple(
        fc.oneof(fc.constant(trades), fc.shuffledSubarray(trades, { minLength: trades.length })),
        fc.subarray(trades),
        fc.nat(trades.length),
      )
      .map(([once, again, at]) => [...once.slice(0, at), ...again, ...once.slice(at)]),
  )

const anyFloor = fc.constantFrom(undefined, 0, -0, 1, 10_000, 1e6, 1e9, Infinity, -Infinity)

describe('a snapshot', () => {
  test('that went through JSON folds on as if nothing had happened, bit for bit, wherever it is taken', () => {
    fc.assert(
      fc.property(anyArrival, anyFloor, fc.nat(160), (trades, floor, at) => {
        const whole = minuteOf(floor).fold(trades)
        const after = minuteOf(floor)
        const resumed = after.fold(trades.slice(at), after.restore(textOf(minuteOf(floor).fold(trades.slice(0, at)))))
        expect(after.resultOf(resumed)).toStrictEqual(minuteOf(floor).resultOf(whole))
        expect(textOf(resumed)).toBe(textOf(whole))
      }),
      { numRuns },
    )
  })

  test('after every single trade changes nothing either', () => {
    fc.assert(
      fc.property(anyArrival, anyFloor, (trades, floor) => {
        const minute = minuteOf(floor)
        const resumed = trades.reduce(
          (state, trade) => minute.fold([trade], minute.restore(textOf(state))),
          minute.fold([]),
        )
        expect(minute.resultOf(resumed)).toStrictEqual(minute.resultOf(minute.fold(trades)))
      }),
      { numRuns },
    )
  })

  test('is JSON-safe: nothing of it is lost or changed by JSON', () => {
    fc.assert(
      fc.property(anyArrival, anyFloor, (trades, floor) => {
        const data = snapshotOf(minuteOf(floor).fold(trades))
        expect(JSON.parse(JSON.stringify(data))).toStrictEqual(data)
      }),
      { numRuns },
    )
  })

  test('of a restored window is the snapshot that it was restored from', () => {
    fc.assert(
      fc.property(anyArrival, anyFloor, (trades, floor) => {
        const minute = minuteOf(floor)
        const text = textOf(minute.fold(trades))
        expect(textOf(minute.restore(text))).toBe(text)
      }),
      { numRuns },
    )
  })

  test('of a window without trades restores one without trades', () => {
    const minute = minuteOf(1)
    expect(minute.restore(textOf(minute.fold([])))).toStrictEqual(minute.fold([]))
  })

  test('takes less than 2 kB for a busy minute: a price in every slot', () => {
    const trades = Array.from({ length: 6_000 }, (_, index) =>
      tradeOf({
        trade_id: 3_747_000_000 + index,
        trade_time_ms: fixtureStartMs + index * 10,
        price: Math.round(6_183_700 + 1_000 * Math.sin(index)) / 100,
        quantity: (index % 97) / 1e5 + 1e-5,
        is_buyer_maker: index % 3 === 0,
      }),
    )
    const text = textOf(minuteOf(100_000).fold(trades))
    expect(text.length).toBeGreaterThan(60 * '1,61837.01'.length)
    expect(text.length).toBeLessThan(2_000)
  })
})

describe('a restored window', () => {
  const fill = (trade_id: number, quantity: number) => tradeOf({ trade_id, quantity })

  test('joins the fills of an order before and after the restart to one whale', () => {
    const [before, after] = [minuteOf(1_000), minuteOf(1_000)]
    const resumed = after.fold([fill(2, 5)], after.restore(textOf(before.fold([fill(1, 5)]))))
    expect(after.resultOf(resumed)).toMatchObject({ whale_order_count: 1, whale_quote_volume: 1_000 })
  })

  test('still knows the ids that it has seen', () => {
    const minute = minuteOf(1_000)
    const resumed = minute.fold([fill(1, 5), fill(4, 5)], minute.restore(textOf(minute.fold([fill(1, 5), fill(4, 5)]))))
    expect(minute.resultOf(resumed)).toMatchObject({ trade_count: 2, missing_trades: 2 })
  })

  test('is judged by the whale floor that it began with', () => {
    const [before, after] = [minuteOf(1_000), minuteOf(1)]
    const resumed = after.fold([fill(3, 5)], after.restore(textOf(before.fold([fill(1, 20)]))))
    expect(after.resultOf(resumed).whale_order_count).toBe(1)
  })

  test('keeps to the limit of holes that holds now', () => {
    const after = minuteOf(1, 2)
    const restored = after.restore(textOf(minuteOf(1).fold([fill(1, 1), fill(3, 1), fill(5, 1)])))
    expect(() => after.fold([fill(7, 1)], restored)).toThrow(/more than 2 holes.*id 7/)
  })

  test.each([
    ['a later version', [2, null], /version 2.*reads version 1.*another release/],
    ['no version', [], /has no version/],
    ['other data', { count: 3 }, /has no version/],
    ['null', null, /has no version/],
  ])('is not made of %s, which the error says', (_, data, message) => {
    expect(() => minuteOf(1).restore(JSON.stringify(data))).toThrow(message)
  })
})
