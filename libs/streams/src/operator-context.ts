import { promisedMs, watermarkMs, type Clock, type EventClock, type EventTime } from '@tidemark/windowing'
import type { ExternalSink } from './external-sink.ts'
import type { Operator, RebuiltState } from './operator.ts'
import type { RecordCursor } from './record-batch.ts'
import type { RecordCollector } from './record-collector.ts'
import type { SourceNode } from './source-node.ts'
import type { StreamRecord } from './stream-record.ts'
import type { TableState } from './table-state.ts'

/** What an operator finds in its task. */
export interface OperatorContext {
  /** The time that the step goes by. */
  readonly clock: Clock
  /** For a step with time of its own: the clock of what follows, which is the step's to move; undefined where nobody looks at it. */
  readonly clockBehind: EventClock | undefined
  /** The step's input comes again, as it was, where its source is read again. */
  readonly rebuildable: boolean
  readonly position: InputPosition
  readonly output: TaskOutput
  readonly maxOpenWindows: number
  /** For windows: topics that get the records which come too late, unchanged. */
  readonly lateTopics: readonly string[]
  /** Changes of state are asked for at every commit. */
  readonly hasChangelog: boolean
  nowMs(): number
  /** Called before each commit: the last chance for its outputs. */
  beforeCommit(action: () => void): void
  /** Called behind each heartbeat of a source before the step, when all that it caused has been handed on. */
  afterHeartbeat(action: (key: string) => void): void
  /** What the task keeps of a table. */
  tableOf<T>(table: SourceNode<T>): TableState<T>
  /** Makes a state known to the task, which commits and restores it. Returns its name there, which no other state has. */
  keep(state: RebuiltState): string
}

/** Where the record being processed stands. */
export interface InputPosition {
  /** The record, with its bytes. */
  readonly cursor: RecordCursor
  readonly offset: number
}

/** The outlets of a task. While a task rebuilds its state, nothing leaves: all of it had left before the commit. */
export interface TaskOutput {
  readonly open: boolean
  readonly collector: RecordCollector
  /** Keeps a record for a sink's next write. */
  toSink<V>(sink: ExternalSink<V>, record: StreamRecord<V>): void
  countLate(): void
}

/** Moves the clock behind a step that has time of its own. */
export interface TimeBehind {
  /** What follows for this key is at `timestampMs` or later. */
  reach(key: string, timestampMs: number): void
  /** All has been handed on that is due for now. */
  passOn(key: string): void
}

/**
 * Time behind a step is its own watermark: what it hands on later is not earlier. That is a promise, as of a heartbeat, where the step
 * drops what is late; else it is stream time, and only what heartbeats have promised to the step is promised.
 */
export function timeBehind(
  context: OperatorContext,
  { graceMs, dropsLate }: { readonly graceMs: number; readonly dropsLate: boolean },
  next: Operator<never>,
): TimeBehind {
  const { clock, clockBehind } = context
  if (clockBehind === undefined) return NOBODY_LOOKS
  // Records of one key come in runs, and a time stays the same object.
  let key: string | undefined
  let time: EventTime = NO_TIME
  let behind: EventTime = NO_TIME
  return {
    reach: (reached, timestampMs) => clockBehind.heartbeat(reached, timestampMs),
    passOn(moved) {
      if (moved !== key) {
        key = moved
        time = clock.timeOf(key)
        behind = clockBehind.timeOf(key)
      }
      const reachedMs = watermarkMs(time, graceMs)
      const sureMs = dropsLate ? reachedMs : promisedMs(time)
      if (reachedMs <= behind.streamTimeMs && sureMs <= behind.heartbeatMs) return
      clockBehind.observe(key, reachedMs)
      clockBehind.heartbeat(key, sureMs)
      next.advance(key)
    },
  }
}

const NO_TIME: EventTime = { streamTimeMs: -Infinity, heartbeatMs: -Infinity, inputs: undefined }
const NOBODY_LOOKS: TimeBehind = { reach() {}, passOn() {} }
