import type { Alert, MarketMetrics } from '@tidemark/schemas'
import type { Rule, RuleComparison } from './alert-rule.ts'
import { alertText } from './alert-text.ts'
import { checkedVersion } from './snapshot-version.ts'

const snapshotVersion = 1
type CooldownsData = readonly [version: typeof snapshotVersion, ...alerted: (readonly [rule: string, atMs: number])[]]

/**
 * When each rule last alerted about one symbol, in event time: what a cooldown is counted from, for as long as the rule now says. State: a name and a
 * number for each rule that has alerted, overwritten by its next alert; it does not grow with time.
 */
export class Cooldowns {
  readonly #alertedMs = new Map<string, number>()

  /** Rules that there no longer are, by their names, are forgotten. Throws a `SnapshotVersionError` for data of another version. */
  static restore(data: unknown, rules: readonly Rule[]): Cooldowns {
    const [, ...alerted] = checkedVersion<CooldownsData>(data, snapshotVersion)
    const names = new Set(rules.map(({ name }) => name))
    const cooldowns = new Cooldowns()
    for (const [rule, atMs] of alerted) if (names.has(rule)) cooldowns.#alertedMs.set(rule, atMs)
    return cooldowns
  }

  /** True where a cooldown runs at `atMs`; also before it began, where metrics are read a second time: no window alerts twice. */
  isRunning({ name, cooldown_ms }: Rule, atMs: number): boolean {
    const alertedMs = this.#alertedMs.get(name)
    return alertedMs !== undefined && atMs < alertedMs + Math.max(cooldown_ms, 1)
  }

  start({ name }: Rule, atMs: number): void {
    this.#alertedMs.set(name, atMs)
  }

  /** As JSON-safe data, with a version. */
  snapshot(): CooldownsData {
    return [snapshotVersion, ...this.#alertedMs]
  }
}

const comparisons: Readonly<Record<RuleComparison, (value: number, threshold: number) => boolean>> = {
  above: (value, threshold) => value > threshold,
  at_least: (value, threshold) => value >= threshold,
  below: (value, threshold) => value < threshold,
  at_most: (value, threshold) => value <= threshold,
}

/**
 * True where the rule is for this symbol and window size, and the metric is there (a `buy_sell_ratio` is not where nothing was sold) and
 * meets the threshold.
 */
export function isMet(rule: Rule, metrics: MarketMetrics): boolean {
  const value = metrics[rule.metric]
  return isFor(rule, metrics) && value !== null && comparisons[rule.comparison](value, rule.threshold)
}

/**
 * Judges one window by one rule. An alert leaves, and its cooldown starts, where the rule is met and no cooldown runs in `cooldowns`, which are those
 * of the window's symbol. The cooldown counts in event time from the end of the window that alerted, so a replay at any speed alerts alike; an alert's
 * id is the same in every replay.
 */
export function evaluate(rule: Rule, metrics: MarketMetrics, cooldowns: Cooldowns): Alert | undefined {
  const { symbol, window, window_start_ms, window_end_ms } = metrics
  const value = metrics[rule.metric]
  if (value === null || !isMet(rule, metrics) || cooldowns.isRunning(rule, window_end_ms)) return undefined
  cooldowns.start(rule, window_end_ms)
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
