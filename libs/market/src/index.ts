export { Cooldowns, evaluate } from './alert-evaluation.ts'
export {
  builtInRules,
  ruleComparisons,
  ruleMetrics,
  severities,
  type Rule,
  type RuleComparison,
  type RuleMetric,
  type Severity,
} from './alert-rule.ts'
export { marketMetrics, type MarketMetricsOptions } from './market-metrics.ts'
export { SnapshotVersionError, type MarketWindow } from './market-window.ts'
export { TradeHoleLimitError } from './taker-orders.ts'
export { parseWhaleFloors, type ParsedWhaleFloors, type WhaleFloors } from './whale-floors.ts'
export { parseWindowSize, windowSizeMs, type ParsedWindowSize, type WindowSize } from './window-size.ts'
