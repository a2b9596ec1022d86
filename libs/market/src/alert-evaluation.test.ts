import type { MarketMetrics } from '@tidemark/schemas'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { Cooldowns, evaluate } from './alert-evaluation.ts'
import { builtInRules, ruleComparisons, type Rule, type RuleMetric } from './alert-rule.ts'
import { fixtureStartMs, metricsOf, tradeOf } from './trades-fixture.ts'

const minuteMs = 60_000

function minute(fields: Partial<MarketMetrics> = {}, index = 0): MarketMetrics {
  return { ...metricsOf('1m', [tradeOf({ trade_id: 1, trade_time_ms: fixtureStartMs + index * minuteMs })]), ...fields }
}

const rule: Rule = {
  name: 'high_volatility',
  metric: 'realized_volatility',
  window: '1m',
  comparison: 'at_least',
  threshold: 0.8,
  severity: 'warning',
  cooldown_ms: 2 * minuteMs,
}
const calm = { realized_volatility: 0.5 }
const wild = { realized_volatility: 0.85 }

describe('an alert', () => {
  test('says what fired, about what, since when', () => {
    expect(evaluate(rule, minute(wild), new Cooldowns())).toEqual({
      id: `high_volatility:BTCUSDT:1m:${fixtureStartMs}`,
      rule: 'high_volatility',
      symbol: 'BTCUSDT',
      severity: 'warning',
      status: 'firing',
      value: 0.85,
      threshold: 0.8,
      started_at_ms: fixtureStartMs + minuteMs,
      resolved_at_ms: null,
      text:
        'BTCUSDT realized volatility is 0.85, at or above the threshold of 0.8, ' +
        'in the 1m window from 2024-08-08 23:55:00 to 2024-08-08 23:56:00 UTC.',
      window: '1m',
      window_start_ms: fixtureStartMs,
    })
  })

  test('is the same in every replay, whenever it runs', () => {
    const replays = [1, 2].map((emitted_at_ms) => evaluate(rule, minute({ ...wild, emitted_at_ms }), new Cooldowns()))
    expect(replays[1]).toEqual(replays[0])
  })

  test.each(ruleComparisons)('%s is true on its side of the threshold, and on it where it says so', (comparison) => {
    const fires = (value: number) =>
      evaluate({ ...rule, comparison }, minute({ realized_volatility: value }), new Cooldowns()) !== undefined
    const expected = {
      above: [false, false, true],
      at_least: [false, true, true],
      below: [true, false, false],
      at_most: [true, true, false],
    }
    expect([0.79, 0.8, 0.81].map(fires)).toEqual(expected[comparison])
  })
})

describe('no alert leaves', () => {
  test('about another window size', () => {
    expect(evaluate({ ...rule, window: '10s' }, minute(wild), new Cooldowns())).toBeUndefined()
  })

  test('about a symbol that the rule does not name', () => {
    expect(evaluate({ ...rule, symbols: ['ETHUSDT'] }, minute(wild), new Cooldowns())).toBeUndefined()
    expect(evaluate({ ...rule, symbols: ['BTCUSDT'] }, minute(wild), new Cooldowns())).toBeDefined()
  })

  test('about a window with too little volume', () => {
    const withMinimum = { ...rule, min_quote_volume: 100 }
    expect(evaluate(withMinimum, minute({ ...wild, quote_volume: 99 }), new Cooldowns())).toBeUndefined()
    expect(evaluate(withMinimum, minute({ ...wild, quote_volume: 100 }), new Cooldowns())).toBeDefined()
  })

  test('about a ratio that is not there, whatever the comparison', () => {
    const ratio = { ...rule, metric: 'buy_sell_ratio' } as const
    for (const comparison of ruleComparisons) {
      expect(evaluate({ ...ratio, comparison }, minute({ buy_sell_ratio: null }), new Cooldowns())).toBeUndefined()
    }
  })
})

describe('the cooldown', () => {
  const firedAt = (series: [index: number, fields: Partial<MarketMetrics>][], one = rule) => {
    const cooldowns = new Cooldowns()
    return series.filter(([index, fields]) => evaluate(one, minute(fields, index), cooldowns)).map(([index]) => index)
  }

  test('keeps one condition from alerting again until it has passed, in event time', () => {
    expect(firedAt([0, 1, 2, 3, 4].map((index) => [index, wild]))).toEqual([0, 2, 4])
    expect(firedAt([0, 7, 8].map((index) => [index, wild]))).toEqual([0, 7])
  })

  test('starts with an alert only', () => {
    expect(firedAt([[0, calm], [1, wild], [2, calm], [3, wild]])).toEqual([1, 3]) // prettier-ignore
  })

  test('is each rule’s own', () => {
    const cooldowns = new Cooldowns()
    expect(evaluate(rule, minute(wild), cooldowns)).toBeDefined()
    expect(evaluate({ ...rule, name: 'other' }, minute(wild), cooldowns)).toBeDefined()
    expect(evaluate(rule, minute(wild), cooldowns)).toBeUndefined()
  })

  test('also silences windows that are read a second time', () => {
    expect(firedAt([[5, wild], [4, wild], [5, wild], [7, wild]])).toEqual([5, 7]) // prettier-ignore
  })

  test('of zero lets every window alert, once', () => {
    expect(
      firedAt(
        [0, 1, 1, 2, 2].map((index) => [index, wild]),
        { ...rule, cooldown_ms: 0 },
      ),
    ).toEqual([0, 1, 2])
  })

  test('runs on in what a snapshot brings back, but for rules that are gone, whatever their names', () => {
    const cooldowns = new Cooldowns()
    const gone = { ...rule, name: 'gone' }
    const proto = { ...rule, name: '__proto__' }
    for (const one of [rule, gone, proto]) expect(evaluate(one, minute(wild), cooldowns)).toBeDefined()
    const data: unknown = JSON.parse(JSON.stringify(cooldowns.snapshot()))
    const restored = Cooldowns.restore(data, [rule, proto])
    const seen = [rule, proto, gone].map((one) => evaluate(one, minute(wild, 1), restored)?.rule)
    expect(seen).toEqual([undefined, undefined, 'gone'])
    expect(evaluate(rule, minute(wild, 2), restored)).toBeDefined()
    expect(() => Cooldowns.restore([9], [rule])).toThrow(/version 9/)
  })

  test('keeps one number for each rule, however long it goes on', () => {
    const cooldowns = new Cooldowns()
    for (let index = 0; index < 100; index++) evaluate(rule, minute(wild, index), cooldowns)
    expect(cooldowns.snapshot()).toEqual([1, [rule.name, fixtureStartMs + 99 * minuteMs]])
  })
})

test('the built-in rules have names of their own, and stay silent about a calm minute', () => {
  expect(new Set(builtInRules.map(({ name }) => name)).size).toBe(builtInRules.length)
  const cooldowns = new Cooldowns()
  const calmMinute = minute({ quote_volume: 5e6, buy_sell_ratio: 1.2 })
  expect(builtInRules.map((one) => evaluate(one, calmMinute, cooldowns))).toEqual(builtInRules.map(() => undefined))
})

test('the built-in rules see volatility, whales and one-sided trading', () => {
  const seen = (fields: Partial<MarketMetrics>) =>
    builtInRules.filter((one) => evaluate(one, minute(fields), new Cooldowns())).map(({ name }) => name)
  expect(seen({ realized_volatility: 2, buy_sell_ratio: 1 })).toEqual(['high_volatility'])
  expect(seen({ whale_order_count: 1 })).toEqual(['whale_order'])
  expect(seen({ quote_volume: 1e6, buy_sell_ratio: 12 })).toEqual(['buying_pressure'])
  expect(seen({ quote_volume: 1e6, buy_sell_ratio: 0.05 })).toEqual(['selling_pressure'])
  expect(seen({ quote_volume: 1e3, buy_sell_ratio: 0.05 })).toEqual([])
})

test('every number of a window can be judged, but for ids and times', () => {
  type Numeric = { [F in keyof MarketMetrics]: MarketMetrics[F] extends number | null ? F : never }[keyof MarketMetrics]
  type Place = 'window_start_ms' | 'window_end_ms' | 'emitted_at_ms' | 'first_trade_id' | 'last_trade_id'
  expectTypeOf<Exclude<Numeric, Place>>().toEqualTypeOf<RuleMetric>()
})

test('a z-score is judged like any other metric, and not while there is none', () => {
  const spike: Rule = { ...rule, name: 'volume_spike', metric: 'volume_zscore', threshold: 3 }
  expect(evaluate(spike, minute({ volume_zscore: null }), new Cooldowns())).toBeUndefined()
  expect(evaluate(spike, minute({ volume_zscore: 3.5 }), new Cooldowns())?.text).toContain('volume zscore is 3.5')
})
