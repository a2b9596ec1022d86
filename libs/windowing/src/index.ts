export type { Aggregator, ResultContext } from './aggregator.ts'
export { combine } from './aggregators/combine.ts'
export { meanVariance, type MeanVariance, type Moments } from './aggregators/mean-variance.ts'
export {
  collect,
  first,
  last,
  topK,
  type Collected,
  type CollectOptions,
  type Kept,
  type Scored,
  type Sequence,
  type Sequenced,
  type TopKOptions,
} from './aggregators/ordered.ts'
export { quantiles, type QuantilesOptions } from './aggregators/quantiles.ts'
export { count, max, min, sum } from './aggregators/totals.ts'
export { EventClock, watermarkMs, type EventClockSnapshot, type EventTime } from './event-clock.ts'
export { ExactSum } from './exact-sum.ts'
export { tumbling, windowsFor, windowStartMs, type TumblingWindows, type Window } from './window.ts'
export {
  OpenWindowLimitError,
  WindowedFold,
  type FoldOutput,
  type RecordPosition,
  type WindowedFoldOptions,
} from './windowed-fold.ts'
