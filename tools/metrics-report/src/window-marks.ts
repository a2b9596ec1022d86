import { WeightedBaseline } from '@tidemark/market'
import type { MarketMetrics } from '@tidemark/schemas'

/** A window's return, and from where on it would be a jump; null while there is no baseline. */
export interface JumpMark {
  readonly window_start_ms: number
  /** ln(close / open) */
  readonly jump: number
  readonly lowest: number | null
  readonly highest: number | null
  readonly flagged: boolean
}

/** Judges windows, in order of time, as the aggregator does for its anomaly `price_jump`. */
export function jumpMarks(windows: readonly MarketMetrics[]): JumpMark[] {
  const baseline = new WeightedBaseline({ threshold: 4, twoSided: true })
  return windows.map(({ window_start_ms, open, close }) => {
    const jump = Math.log(close / open)
    const { baseline: mean, score, threshold, flagged } = baseline.judge(jump)
    const reach = score === null || score === 0 ? null : ((jump - mean) / score) * threshold
    const [lowest, highest] = reach === null ? [null, null] : [mean - reach, mean + reach]
    return { window_start_ms, jump, lowest, highest, flagged }
  })
}

/** Ids of a window, by what is known of them. */
export interface IdMark {
  readonly window_start_ms: number
  readonly kind: 'complete' | 'not complete' | 'missing'
  readonly ids: number
}

export function idMarks(windows: readonly MarketMetrics[]): IdMark[] {
  return windows.flatMap(({ window_start_ms, trade_count, missing_trades, complete }): IdMark[] => [
    { window_start_ms, kind: complete === true ? 'complete' : 'not complete', ids: trade_count },
    { window_start_ms, kind: 'missing', ids: missing_trades },
  ])
}
