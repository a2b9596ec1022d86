import type { MarketMetrics } from '@tidemark/schemas'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { marketMetrics } from './market-metrics.ts'
import { snapshotOf, type MarketWindow } from './market-window.ts'
import type { FlowItem } from './symbol-flow.ts'
import { fixtureStartMs, flowOf, steppedTrades, tradeOf } from './trades-fixture.ts'
import { windowSizeMs } from './window-size.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 1_000)
const sizeMs = 60_000

function windowsOf(window: string) {
  const aggregator = marketMetrics(window)
  const bounds = { startMs: fixtureStartMs, endMs: fixtureStartMs + windowSizeMs(window) }
  return {
    fold: (items: readonly FlowItem[], from: MarketWindow = aggregator.init()) =>
      items.reduce((state, item) => aggregator.add(state, item), from),
    merge: (left: MarketWindow, right: MarketWindow) => aggregator.merge?.(left, right) ?? left,
    resultOf: (state: MarketWindow): MarketMetrics =>
      aggregator.result(state, { key: 'BTCUSDT', window: bounds, lateCount: 0, nowMs: 0 }),
    restore: (text: string): MarketWindow => aggregator.restore?.(JSON.parse(text)) ?? aggregator.init(),
  }
}

const minute = windowsOf('1m')
const textOf = (state: MarketWindow) => JSON.stringify(snapshotOf(state))

const step = fc.record({
  hole: fc.constantFrom(0, 0, 0, 0, 0, 1, 3),
  time: fc.constantFrom('same', 'same', 'any'),
  side: fc.constantFrom('same', 'same', 'other'),
  atMs: fc.nat(sizeMs - 1),
  price: fc.oneof(fc.double({ min: 1e-8, max: 1e6, noNaN: true }), fc.constantFrom(61_837.01, 61_838)),
  quantity: fc.oneof(fc.double({ min: 1e-8, max: 1e4, noNaN: true }), fc.constantFrom(0.1, 0.2, 1e16)),
})

/** What a symbol's flow makes of trades, some of which come late. */
const anyItems = fc
  .tuple(fc.nat(5_000_000_000), fc.array(step, { maxLength: 80 }), fc.constantFrom(undefined, 0, 10_000, 1e9))
  .chain(([firstId, steps, floor]) => {
    const trades = steppedTrades(firstId, steps)
    return fc.subarray(trades).map((late) => {
      const inTime = trades.filter((trade) => !late.includes(trade))
      const after = late.filter(({ trade_id }) => trade_id < (inTime.at(-1)?.trade_id ?? 0))
      return flowOf([...inTime, ...after], { whaleFloor: () => floor, vpinBucket: () => 100 })
    })
  })

describe('a snapshot', () => {
  test('that went through JSON folds on as if nothing had happened, bit for bit, wherever it is taken', () => {
    fc.assert(
      fc.property(anyItems, fc.nat(160), (items, at) => {
        const whole = minute.fold(items)
        const resumed = minute.fold(items.slice(at), minute.restore(textOf(minute.fold(items.slice(0, at)))))
        expect(minute.resultOf(resumed)).toStrictEqual(minute.resultOf(whole))
        expect(textOf(resumed)).toBe(textOf(whole))
      }),
      { numRuns },
    )
  })

  test('is JSON-safe: nothing of it is lost or changed by JSON', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const data = snapshotOf(minute.fold(items))
        expect(JSON.parse(JSON.stringify(data))).toStrictEqual(data)
      }),
      { numRuns },
    )
  })

  test('of a window without trades restores one without trades', () => {
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
    const text = textOf(minute.fold(flowOf(trades, { whaleFloor: () => 100_000 })))
    expect(text.length).toBeGreaterThan(60 * '1,61837.01'.length)
    expect(text.length).toBeLessThan(2_000)
  })

  test.each([
    ['a later version', [3, null], /version 3.*reads version 2.*another release/],
    ['no version', [], /has no version/],
    ['other data', { count: 3 }, /has no version/],
    ['null', null, /has no version/],
  ])('is not made of %s, which the error says', (_, data, message) => {
    expect(() => minute.restore(JSON.stringify(data))).toThrow(message)
  })
})

describe('merging', () => {
  test('the folds of two parts of a window equals folding all of it at once', () => {
    fc.assert(
      fc.property(anyItems, fc.nat(160), (items, at) => {
        const [left, right] = [items.slice(0, at), items.slice(at)]
        const whole = minute.resultOf(minute.fold(items))
        expect(minute.resultOf(minute.merge(minute.fold(left), minute.fold(right)))).toStrictEqual(whole)
        expect(minute.resultOf(minute.merge(minute.fold(right), minute.fold(left)))).toStrictEqual(whole)
      }),
      { numRuns },
    )
  })

  test('six windows of ten seconds makes their minute', () => {
    const tens = windowsOf('10s')
    fc.assert(
      fc.property(anyItems, (items) => {
        const timeOf = (item: FlowItem) => (item.kind === 'trade' ? item.trade_time_ms : fixtureStartMs)
        const parts = Map.groupBy(items, (item) => Math.floor(timeOf(item) / 10_000))
        const merged = [...parts.values()].reduce(
          (whole, part) => minute.merge(whole, tens.fold(part)),
          minute.fold([]),
        )
        expect(minute.resultOf(merged)).toStrictEqual(minute.resultOf(minute.fold(items)))
      }),
      { numRuns },
    )
  })
})
