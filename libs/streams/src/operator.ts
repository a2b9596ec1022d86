import {
  promisedMs,
  watermarkMs,
  type Clock,
  type DormantEntries,
  type EventClock,
  type EventTime,
} from '@tidemark/windowing'
import type { ExternalSink } from './external-sink.ts'
import type { RecordCollector } from './record-collector.ts'
import type { RecordCursor } from './record-batch.ts'
import type { StreamRecord } from './stream-record.ts'
import type { TableState } from './table-state.ts'
import type { SourceNode } from './topology.ts'

/** One step of a topology in one task. Synchronous: what must wait is collected and done once per commit. */
export interface Operator<V> {
  process(record: StreamRecord<V>): void
  /** The clock has moved for a key without a record. */
  advance(key: string): void
}

/** State of a task, as named entries that are safe as JSON. */
export interface KeptState {
  /** The same in every run of the same topology; names the state's changelog. */
  readonly name: string
  /** What the state was made for. It is kept with the state, and one that was made for something else is refused. */
  readonly spec: string
  /** How much it keeps in memory: entries, or whatever else it is made of and counted by. Asked often. */
  size(): number
  /** The entries that have changed since the last call, each once, with what they are now; undefined for one that is gone. */
  changes(): Iterable<readonly [key: string, data: unknown]>
  /** Puts an entry back, as `changes` gave it. */
  restoreEntry(key: string, data: unknown): void
  /** Takes all entries over, to read each when it is needed; else they are put back one by one. */
  readonly adopt?: ((entries: DormantEntries) => void) | undefined
}

/** State that can also be rebuilt by reading its input again. */
export interface RebuiltState extends KeptState {
  /** Where to read from to rebuild it; undefined when it is empty. */
  oldestOffset(): number | undefined
  lateCounts(): (readonly [key: string, count: number])[]
  restoreLateCounts(counts: readonly (readonly [key: string, count: number])[]): void
}

/** What follows a step: by itself, or through one of several named outlets. A step that nothing follows hands on to nobody. */
export type Next<out R> = <T = R>(outlet?: string) => Operator<T>

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
  /** Changes of state are asked for at every commit. */
  readonly hasChangelog: boolean
  nowMs(): number
  /** Called before each commit: the last chance for its outputs. */
  beforeCommit(action: () => void): void
  /** Called behind each heartbeat of a source before the step, when all that it caused has been handed on. */
  afterHeartbeat(action: (key: string) => void): void
  /** What the task keeps of a table. */
  tableOf<T>(table: SourceNode<T>): TableState<T>
  /** Makes a state known to the task, which commits and restores it. */
  keep(state: RebuiltState): void
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

/** Hands every record to all of several steps, in order. */
export function fanOut<V>(operators: readonly Operator<V>[]): Operator<V> {
  const [only] = operators
  if (operators.length === 1 && only !== undefined) return only
  return {
    process(record) {
      for (const operator of operators) operator.process(record)
    },
    advance(key) {
      for (const operator of operators) operator.advance(key)
    },
  }
}
