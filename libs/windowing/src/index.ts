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
export {
  EventClock,
  promisedMs,
  watermarkMs,
  type Clock,
  type EventClockSnapshot,
  type EventTime,
} from './event-clock.ts'
export { EntryError } from './entry-error.ts'
export { ExactSum } from './exact-sum.ts'
export { parseEntryKey, type ChangedEntry, type ParsedEntryKey } from './changed-entries.ts'
export type { DormantEntries } from './dormant-entries.ts'
export {
  checkInSequence,
  InSequence,
  inSequence,
  type InSequenceOptions,
  type InSequenceOutput,
} from './in-sequence.ts'
export { KeyedProcess, type KeyedProcessOptions } from './keyed-process.ts'
export { HeldRecordLimitError, LimitError, OpenWindowLimitError } from './limit-error.ts'
export { MergedClock } from './merged-clock.ts'
export { windowOperator } from './operator-by-kind.ts'
export { checkProcess, type ProcessContext, type ProcessSteps, type ProcessTimers } from './process-context.ts'
export { checkLimits } from './option-checks.ts'
export type { SequenceRange } from './sequence-holes.ts'
export {
  countWindows,
  hopping,
  session,
  sliding,
  tumbling,
  volumeWindows,
  windowsFor,
  windowStartMs,
  type AlignedWindows,
  type CountWindows,
  type HoppingWindows,
  type SessionWindows,
  type SlidingWindows,
  type TumblingWindows,
  type VolumeOptions,
  type VolumeWindows,
  type Window,
  type Windows,
} from './window.ts'
export type {
  Emit,
  FoldOutput,
  RecordPosition,
  ValueSnapshots,
  WindowOperator,
  WindowOperatorOptions,
} from './window-operator.ts'
export { refusePromise } from './synchronous.ts'
export { WindowedFold, type WindowedFoldOptions } from './windowed-fold.ts'
