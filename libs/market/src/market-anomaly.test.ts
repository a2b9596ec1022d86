import { expect, test } from 'vitest'
import { dataGap, windowAnomaly } from './market-anomaly.ts'
import { fixtureStartMs, metricsOf, tradeOf } from './trades-fixture.ts'

test('the anomaly of a window says what was measured, with what it was compared, and is named after the window', () => {
  const metrics = metricsOf('1m', [tradeOf({ trade_id: 1 })])
  const judgement = { value: 12, baseline: 9, score: 3.5, threshold: 3, flagged: true }
  expect(windowAnomaly('volume_spike', metrics, judgement)).toEqual({
    id: `volume_spike:BTCUSDT:1m:${fixtureStartMs}`,
    symbol: 'BTCUSDT',
    kind: 'volume_spike',
    window: '1m',
    window_start_ms: fixtureStartMs,
    window_end_ms: fixtureStartMs + 60_000,
    value: 12,
    baseline: 9,
    score: 3.5,
    threshold: 3,
    first_missing_id: null,
    last_missing_id: null,
    detected_at_ms: fixtureStartMs + 60_000,
  })
})

test('a window may have an anomaly of each kind, each with an id of its own, the same at every replay', () => {
  const metrics = metricsOf('10s', [tradeOf({ trade_id: 1 })])
  const judgement = { value: 1, baseline: 0, score: -4, threshold: 4, flagged: true }
  const idsOf = () =>
    (['volume_spike', 'price_jump', 'flow_imbalance'] as const).map(
      (kind) => windowAnomaly(kind, metrics, judgement).id,
    )
  expect(new Set(idsOf()).size).toBe(3)
  expect(idsOf()).toEqual(idsOf())
})

test('a data gap counts its ids, both ends included, and lies between the trades around it', () => {
  expect(dataGap('ETHUSDT', { first: 8, last: 10 }, { fromMs: 1_000, toMs: 4_000 })).toEqual({
    id: 'data_gap:ETHUSDT:8-10',
    symbol: 'ETHUSDT',
    kind: 'data_gap',
    window: null,
    window_start_ms: 1_000,
    window_end_ms: 4_000,
    value: 3,
    baseline: 0,
    score: 3,
    threshold: 1,
    first_missing_id: 8,
    last_missing_id: 10,
    detected_at_ms: 4_000,
  })
  expect(dataGap('ETHUSDT', { first: 8, last: 8 }, { fromMs: 1_000, toMs: 1_000 }).value).toBe(1)
})
