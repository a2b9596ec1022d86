export { Cooldowns, evaluate, isMet } from './alert-evaluation.ts'
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
export { bipowerVariation } from './bipower-variation.ts'
export { marketMetrics } from './market-metrics.ts'
export type { MarketWindow } from './market-window.ts'
export { garmanKlassVariance, parkinsonVariance } from './range-volatility.ts'
export { logReturns, realizedVariance } from './realized-variance.ts'
export { SnapshotVersionError } from './snapshot-version.ts'
export {
  SymbolFlow,
  type FlowGap,
  type FlowHole,
  type FlowItem,
  type FlowTrade,
  type SymbolFlowOptions,
} from './symbol-flow.ts'
export { annualisedVolatility } from './volatility.ts'
export { parseVpinBuckets, type ParsedVpinBuckets, type VpinBuckets } from './vpin-buckets.ts'
export { parseWhaleFloors, type ParsedWhaleFloors, type WhaleFloors } from './whale-floors.ts'
export { WeightedBaseline, type BaselineOptions, type Judgement } from './weighted-baseline.ts'
export { WindowJudge, type JudgedWindow } from './window-judge.ts'
export { parseWindowSize, windowSizeMs, type ParsedWindowSize, type WindowSize } from './window-size.ts'
