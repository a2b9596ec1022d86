import type { MarketMetrics } from '@tidemark/schemas'

/** The metrics that a rule can judge: all that are numbers, but for ids and times. One that is null in a window is not judged there. */
export const ruleMetrics = [
  'trade_count',
  'missing_trades',
  'open',
  'high',
  'low',
  'close',
  'base_volume',
  'quote_volume',
  'vwap',
  'buy_base_volume',
  'sell_base_volume',
  'buy_quote_volume',
  'sell_quote_volume',
  'buy_sell_ratio',
  'order_flow_imbalance',
  'realized_variance',
  'realized_volatility',
  'bipower_variation',
  'parkinson_volatility',
  'garman_klass_volatility',
  'max_trade_quote',
  'whale_order_count',
  'whale_quote_volume',
  'whale_buy_quote_volume',
  'volume_zscore',
  'vpin',
  'late_trades',
] as const satisfies readonly (keyof MarketMetrics)[]

export type RuleMetric = (typeof ruleMetrics)[number]

/** How a metric is compared with a rule's threshold. */
export const ruleComparisons = ['above', 'at_least', 'below', 'at_most'] as const

export type RuleComparison = (typeof ruleComparisons)[number]

export const severities = ['info', 'warning', 'critical'] as const

export type Severity = (typeof severities)[number]

/** When to alert; the fields are those of the rules file. */
export interface Rule {
  /** Unique among the rules; part of an alert's id. */
  readonly name: string
  readonly metric: RuleMetric
  /** The window size whose results are judged, such as `1m`. */
  readonly window: string
  readonly comparison: RuleComparison
  /** In the metric's unit. */
  readonly threshold: number
  readonly severity: Severity
  /** For how long after an alert the same rule stays silent about the same symbol, in event time. */
  readonly cooldown_ms: number
  /** The symbols it is for; all where it names none. */
  readonly symbols?: readonly string[] | undefined
  /** Windows with less quote volume are not judged: a ratio of two trades says nothing. */
  readonly min_quote_volume?: number | undefined
}

const minuteMs = 60_000

/** The rules that hold where no rules file is given. The thresholds suit the large dollar pairs. */
export const builtInRules: readonly Rule[] = [
  {
    name: 'high_volatility',
    metric: 'realized_volatility',
    window: '1m',
    comparison: 'at_least',
    threshold: 1.5,
    severity: 'warning',
    cooldown_ms: 15 * minuteMs,
  },
  {
    name: 'whale_order',
    metric: 'whale_order_count',
    window: '1m',
    comparison: 'at_least',
    threshold: 1,
    severity: 'info',
    cooldown_ms: 5 * minuteMs,
  },
  {
    name: 'buying_pressure',
    metric: 'buy_sell_ratio',
    window: '1m',
    comparison: 'at_least',
    threshold: 10,
    severity: 'info',
    cooldown_ms: 15 * minuteMs,
    min_quote_volume: 100_000,
  },
  {
    name: 'selling_pressure',
    metric: 'buy_sell_ratio',
    window: '1m',
    comparison: 'at_most',
    threshold: 0.1,
    severity: 'info',
    cooldown_ms: 15 * minuteMs,
    min_quote_volume: 100_000,
  },
]
