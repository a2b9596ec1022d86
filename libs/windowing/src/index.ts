export type { Aggregator, ResultContext } from './aggregator.ts'
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
