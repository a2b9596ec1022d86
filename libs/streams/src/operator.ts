import type { DormantEntries } from '@tidemark/windowing'
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
