import type { MarketAnomaly, MarketMetrics } from '@tidemark/schemas'
import type { MissingIds } from './id-coverage.ts'
import type { Judgement } from './weighted-baseline.ts'

/** What can be unusual about a window. */
export type WindowAnomalyKind = 'volume_spike' | 'price_jump' | 'flow_imbalance'

/** A window whose value was flagged. */
export function windowAnomaly(kind: WindowAnomalyKind, metrics: MarketMetrics, judgement: Judgement): MarketAnomaly {
  const { symbol, window, window_start_ms, window_end_ms } = metrics
  const { value, baseline, score, threshold } = judgement
  return {
    id: `${kind}:${symbol}:${window}:${window_start_ms}`,
    symbol,
    kind,
    window,
    window_start_ms,
    window_end_ms,
    value,
    baseline,
    score: score ?? 0,
    threshold,
    first_missing_id: null,
    last_missing_id: null,
    detected_at_ms: window_end_ms,
  }
}

/** Ids of a symbol that never came, between trades at two times. */
export function dataGap(
  symbol: string,
  { first, last }: MissingIds,
  between: { fromMs: number; toMs: number },
): MarketAnomaly {
  const missing = last - first + 1
  return {
    id: `data_gap:${symbol}:${first}-${last}`,
    symbol,
    kind: 'data_gap',
    window: null,
    window_start_ms: between.fromMs,
    window_end_ms: between.toMs,
    value: missing,
    baseline: 0,
    score: missing,
    threshold: 1,
    first_missing_id: first,
    last_missing_id: last,
    detected_at_ms: between.toMs,
  }
}
