import { WindowJudge } from '@tidemark/market'
import type { MarketAnomaly, MarketMetrics } from '@tidemark/schemas'
import type { ProcessOptions } from '@tidemark/streams'

export type JudgeOutput =
  | { readonly kind: 'metrics'; readonly metrics: MarketMetrics }
  | { readonly kind: 'anomaly'; readonly anomaly: MarketAnomaly }

/** Compares each window of a symbol with those of this size before it; a window without trades is none. */
export function judgeSteps(window: string): ProcessOptions<MarketMetrics, WindowJudge, JudgeOutput> {
  return {
    name: `judge-${window}`,
    init: () => new WindowJudge(),
    snapshot: (judge) => judge.snapshot(),
    restore: (data) => WindowJudge.restore(data),
    onRecord(result, context) {
      const judged = context.state.judge(result)
      if (judged === undefined) return
      context.forward({ kind: 'metrics', metrics: judged.metrics })
      for (const anomaly of judged.anomalies) context.forward({ kind: 'anomaly', anomaly })
    },
  }
}
