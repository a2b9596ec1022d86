import type { Aggregator } from './aggregator.ts'
import type { ChangedEntry } from './changed-entries.ts'
import type { DormantEntries } from './dormant-entries.ts'
import type { Clock } from './event-clock.ts'
import type { Window } from './window.ts'

/** `on-close`: a window's one final result. `on-update`: also its result so far at each `flush`, if it has changed. */
export type Emit = 'on-close' | 'on-update'

/** Where a fold's outputs go. */
export interface FoldOutput<R> {
  /** The one final result of a key's window. */
  result(key: string, result: R, window: Window): void
  /**
   * The record just added came after a window that it belongs to had closed; told once for a record, with the first window that it
   * missed. Those of its windows that are open have it.
   */
  late(key: string, window: Window): void
  /**
   * Needed for `on-update`: the result of a window so far. Undefined: no window has these bounds any more, since a session grew
   * or was joined to another one, or a count or volume window took in more.
   */
  update?(key: string, result: R | undefined, window: Window): void
}

/** Where a record stands in event time and in the log. Valid during the call that hands it over: one object may serve many. */
export interface RecordPosition {
  readonly timestampMs: number
  readonly offset: number
  /**
   * It was read before and only rebuilds open windows: if its window is closed, its result or lateness is known already. For
   * tumbling and hopping windows only; the others come back by their entries.
   */
  readonly rebuilding?: boolean
}

/** How values that an operator keeps as they are become JSON-safe data and come back; for values that are, there is no need. */
export interface ValueSnapshots<V> {
  snapshot(value: V): unknown
  restore(data: unknown): V
}

/** What a `WindowOperator` takes besides its windows. */
export interface WindowOperatorOptions<V, A, R> {
  readonly aggregator: Aggregator<V, A, R>
  readonly clock: Clock
  readonly output: FoldOutput<R>
  /** Processing time, handed through to the results. */
  readonly nowMs: () => number
  /**
   * Open windows over all keys; one more is an error, since memory would grow without a bound. Sliding windows count the records
   * that they keep, count and volume windows their keys. As many keys may have late records since their last result, whether a
   * window of theirs is open or not; one more is the same error.
   */
  readonly maxOpenWindows: number
  /** Default `on-close`. */
  readonly emit?: Emit
  /** Remember what has changed, for `changes`, which must be called from time to time then. Default false. */
  readonly changelog?: boolean
  /** For sliding windows with a changelog, which keep records. */
  readonly values?: ValueSnapshots<V>
}

/** Folds records into the windows of their keys. All kinds of windows are used alike. */
export interface WindowOperator<V> {
  /** Takes a record in, after closing what its time has closed. The clock must have observed it before. */
  add(key: string, value: V, at: RecordPosition): void
  /** Closes what the clock has closed for a key, without a record: after a heartbeat. */
  advance(key: string): void
  /** With `on-update`, tells the results so far of all windows that have changed since the last call. */
  flush(): void
  /** How many windows are open. */
  readonly openWindows: number
  /**
   * How much is kept, for a limit: open windows, or, of sliding ones, the records that they are made of; and keys with a late count, or, of count
   * and volume windows, all keys.
   */
  readonly size: number
  /**
   * The log position from which reading again rebuilds all open windows; undefined when none is open. Windows that came back
   * by their entries don't count.
   */
  oldestOffset(): number | undefined
  /** Late records per key since the key's last result, where there are any: the state that open windows don't hold. */
  lateCounts(): (readonly [key: string, count: number])[]
  /** Sets the late counts of keys, as `lateCounts` gave them, on an operator that has just been made. */
  restoreLateCounts(counts: readonly (readonly [key: string, count: number])[]): void
  /**
   * With `changelog`: the entries that have changed since the last call, each once, in no order; undefined data: the entry is gone. Data is
   * JSON-safe, and to be written before the operator is used again. All entries together are the operator's state.
   */
  changes(): Iterable<ChangedEntry>
  /** Takes up an entry of `changes`, on an operator that has just been made. */
  restoreEntry(entryKey: string, data: unknown): void
  /**
   * Takes up all entries of `changes` at once, on an operator that has just been made, and leaves them as they are until they are needed:
   * until a record of their key comes, or a window of it closes. Not all kinds of windows can; those of a fixed length can.
   */
  adopt?(entries: DormantEntries): void
}
