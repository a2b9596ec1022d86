import type { EventClock } from '@tidemark/windowing'
import type { ExternalSink } from './external-sink.ts'
import type { RecordCollector } from './record-collector.ts'
import type { RecordCursor } from './record-batch.ts'
import type { StreamRecord } from './stream-record.ts'

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
}

/** State that can also be rebuilt by reading its input again. */
export interface RebuiltState extends KeptState {
  /** Where to read from to rebuild it; undefined when it is empty. */
  oldestOffset(): number | undefined
  lateCounts(): (readonly [key: string, count: number])[]
  restoreLateCounts(counts: readonly (readonly [key: string, count: number])[]): void
}

/** What the operators of one source in one task share. */
export interface OperatorContext {
  readonly clock: EventClock
  /** Where the record being processed stands, with its bytes. */
  readonly position: { readonly cursor: RecordCursor }
  readonly output: TaskOutput
  readonly maxOpenWindows: number
  /** Changes of state are asked for at every commit. */
  readonly hasChangelog: boolean
  nowMs(): number
  /** Called before each commit: the last chance for its outputs. */
  beforeCommit(action: () => void): void
  /** Makes a state known to the task, which commits and restores it. */
  keep(state: RebuiltState): void
}

/** The outlets of a task. While a task rebuilds its state, nothing leaves: all of it had left before the commit. */
export interface TaskOutput {
  readonly open: boolean
  readonly collector: RecordCollector
  /** Keeps a record for a sink's next write. */
  toSink<V>(sink: ExternalSink<V>, record: StreamRecord<V>): void
  countLate(): void
}

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
