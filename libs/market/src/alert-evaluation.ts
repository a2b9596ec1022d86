import type { Alert, MarketMetrics } from '@tidemark/schemas'
import type { Rule, RuleComparison } from './alert-rule.ts'
import { alertText } from './alert-text.ts'

/**
 * When each rule last alerted about each symbol, in event time: what a cooldown is counted from. It grows with rules times
 * symbols, not with time.
 */
export class Cooldowns {
  readonly #untilMs = new Map<string, number>()

  /** True where a cooldown runs at `atMs`; also before it began, where metrics are read a second time. */
  isRunning(rule: Rule, symbol: string, atMs: number): boolean {
    return atMs < (this.#untilMs.get(keyOf(rule, symbol)) ?? -Infinity)
  }

  start(rule: Rule, symbol: string, atMs: number): void {
    this.#untilMs.set(keyOf(rule, symbol), atMs + rule.cooldown_ms)
  }
}

const comparisons: Readonly<Record<RuleComparison, (value: number, threshold: number) => boolean>> = {
  above: (value, threshold) => value > threshold,
  at_least: (value, threshold) => value >= threshold,
  below: (value, threshold) => value < threshold,
  at_most: (value, threshold) => value <= threshold,
}

/**
 * Judges one window by one rule. An alert leaves, and its cooldown starts, where the rule is for this symbol and window size, the
 * metric is there (a `buy_sell_ratio` is not where nothing was sold) and meets the threshold, and no cooldown runs. The cooldown counts
 * in event time from the end of the window that alerted, so a replay at any speed alerts alike; an alert's id is the same in
 * every replay.
 */
export function evaluate(rule: Rule, metrics: MarketMetrics, cooldowns: Cooldowns): Alert | undefined {
  const { symbol, window, window_start_ms, window_end_ms } = metrics
  const value = metrics[rule.metric]
  if (!isFor(rule, metrics) || value === null || !comparisons[rule.comparison](value, rule.threshold)) return undefined
  if (cooldowns.isRunning(rule, symbol, window_end_ms)) return undefined
  cooldowns.start(rule, symbol, window_end_ms)
  return {
    id: `${rule.name}:${symbol}:${window}:${window_start_ms}`,
    rule: rule.name,
    symbol,
    severity: rule.severity,
    status: 'firing',
    value,
    threshold: rule.threshold,
    started_at_ms: window_end_ms,
    resolved_at_ms: null,
    text: alertText(rule, metrics, value),
    window,
    window_start_ms,
  }
}

function isFor({ window, symbols, min_quote_volume = 0 }: Rule, metrics: MarketMetrics): boolean {
  const isForSymbol = symbols === undefined || symbols.includes(metrics.symbol)
  return window === metrics.window && isForSymbol && metrics.quote_volume >= min_quote_volume
}

function keyOf(rule: Rule, symbol: string): string {
  return `${rule.name} ${symbol}`
}
