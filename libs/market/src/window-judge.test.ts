import { describe, expect, test } from 'vitest'
import { metricsOf, tradeOf } from './trades-fixture.ts'
import { WindowJudge } from './window-judge.ts'

/** A window whose volume, return and flow are those of its two trades. */
function windowOf(
  index: number,
  { volume = 2 + (index % 2) / 10, close = 100 + (index % 2) / 10, buy = index % 2 === 0 } = {},
) {
  const window = metricsOf('1m', [
    tradeOf({ trade_id: 1, quantity: volume / 2 }),
    tradeOf({ trade_id: 2, quantity: volume / 2, price: close }),
  ])
  const start = index * 60_000
  return {
    ...window,
    window_start_ms: start,
    window_end_ms: start + 60_000,
    late_trades: 0,
    order_flow_imbalance: buy ? 0.1 : -0.1,
  }
}

function warmJudge(windows = 30): WindowJudge {
  const judge = new WindowJudge()
  for (let index = 0; index < windows; index++) judge.judge(windowOf(index))
  return judge
}

describe('a window', () => {
  test('has no score while the baseline warms up, and is no spike then', () => {
    const judge = warmJudge(19)
    const twentieth = judge.judge(windowOf(19, { volume: 1_000 }))
    expect(twentieth).toMatchObject({ metrics: { volume_zscore: null, is_volume_spike: false }, anomalies: [] })
    expect(judge.judge(windowOf(20))?.metrics.volume_zscore).toEqual(expect.any(Number))
  })

  test('of far more volume is a spike, with what it was compared with', () => {
    const judged = warmJudge().judge(windowOf(30, { volume: 500 }))
    expect(judged?.metrics.is_volume_spike).toBe(true)
    expect(judged?.anomalies).toEqual([
      expect.objectContaining({
        id: 'volume_spike:BTCUSDT:1m:1800000',
        kind: 'volume_spike',
        window: '1m',
        window_start_ms: 1_800_000,
        value: Math.log1p(judged?.metrics.quote_volume ?? 0),
        score: judged?.metrics.volume_zscore,
        threshold: 3,
        detected_at_ms: 1_860_000,
      }),
    ])
    expect(judged?.anomalies[0]?.baseline).toBeCloseTo(Math.log1p(205), 1)
  })

  test.each([90, 110])('that closes at %d is a price jump, up or down', (close) => {
    const anomalies = warmJudge().judge(windowOf(30, { close }))?.anomalies ?? []
    expect(anomalies.map(({ kind, value, threshold }) => ({ kind, value, threshold }))).toEqual([
      { kind: 'price_jump', value: Math.log(close / 100), threshold: 4 },
    ])
  })

  test('in which nearly all was sold is an imbalance of flow, where that is not usual', () => {
    const sold = { ...windowOf(30), order_flow_imbalance: -0.9 }
    expect(warmJudge().judge(sold)?.anomalies).toEqual([
      expect.objectContaining({ kind: 'flow_imbalance', value: -0.9, threshold: 3 }),
    ])
    const oneSided = new WindowJudge()
    for (let index = 0; index < 30; index++) oneSided.judge({ ...windowOf(index), order_flow_imbalance: (-1) ** index })
    expect(oneSided.judge({ ...windowOf(30), order_flow_imbalance: -1 })?.anomalies).toEqual([])
  })

  test('without trades is none, and its late trades are told with the next one', () => {
    const [judge, other] = [warmJudge(), warmJudge()]
    expect(judge.judge({ ...windowOf(30), trade_count: 0, late_trades: 2 })).toBeUndefined()
    const next = judge.judge({ ...windowOf(31), late_trades: 1 })
    expect(next?.metrics.late_trades).toBe(3)
    expect(next?.metrics.volume_zscore).toBe(other.judge(windowOf(31))?.metrics.volume_zscore)
    expect(judge.judge(windowOf(32))?.metrics.late_trades).toBe(0)
  })
})

test('a judge that was restored judges on', () => {
  const judge = warmJudge(25)
  judge.judge({ ...windowOf(25), trade_count: 0, late_trades: 4 })
  const restored = WindowJudge.restore(JSON.parse(JSON.stringify(judge.snapshot())))
  expect(restored.judge(windowOf(26))).toEqual(judge.judge(windowOf(26)))
  expect(() => WindowJudge.restore([9])).toThrow(/version 9/)
})
