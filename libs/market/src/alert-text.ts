import type { MarketMetrics } from '@tidemark/schemas'
import type { Rule, RuleComparison } from './alert-rule.ts'

const comparisonWords: Readonly<Record<RuleComparison, string>> = {
  above: 'above',
  at_least: 'at or above',
  below: 'below',
  at_most: 'at or below',
}

/** One sentence for people: symbol, metric, value, threshold, and the window's times in UTC. */
export function alertText(rule: Rule, metrics: MarketMetrics, value: number): string {
  const { symbol, window, window_start_ms, window_end_ms } = metrics
  const measured = `${symbol} ${rule.metric.replaceAll('_', ' ')} is ${figure(value)}`
  const limit = `${comparisonWords[rule.comparison]} the threshold of ${figure(rule.threshold)}`
  return `${measured}, ${limit}, in the ${window} window from ${utc(window_start_ms)} to ${utc(window_end_ms)} UTC.`
}

/** At most six significant digits: for people; the record has all digits. */
function figure(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 6 })
}

function utc(timestampMs: number): string {
  return new Date(timestampMs).toISOString().slice(0, 19).replace('T', ' ')
}
