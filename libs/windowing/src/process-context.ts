import { checkGrace, checkLimits } from './option-checks.ts'

/** What a step with state sees at one record or timer. Valid during the call that hands it over. */
export interface ProcessContext<S, R, K = string> {
  readonly key: K
  /** Event time of the record or timer at hand. */
  readonly timestampMs: number
  /**
   * Up to where the event time of the key is complete: by `timers.graceMs` and heartbeats; without timers, by heartbeats alone. `-Infinity`:
   * that is not known yet.
   */
  readonly watermarkMs: number
  /** The key's own state, made by `init` when it is first asked for. Change it in place, or set another one. */
  state: S
  /** Forgets the key's state, which is made anew if asked for again. Its timers stay. */
  removeState(): void
  /**
   * Hands a value on, under the same key, at the time at hand or another one. Throws a RangeError for a time that is before both the one at
   * hand and the watermark: what follows may be through with it.
   */
  forward(value: R, timestampMs?: number): void
  /**
   * Calls `onTimer` once when the watermark reaches `timestampMs`; right after this call, if it has. Setting a timer twice is setting it
   * once. Throws a RangeError for a time before the record at hand, or not after the timer at hand; a LimitError beyond `maxPerKey`.
   */
  setTimer(timestampMs: number): void
  /** A timer that is not set is no error. */
  deleteTimer(timestampMs: number): void
}

/** A step with state per key, and with timers. */
export interface ProcessSteps<V, S, R, K = string> {
  /** The state of a key that has none. */
  init(key: K): S
  /** A state as JSON-safe data; without it, it is that itself. */
  snapshot?(state: S): unknown
  restore?(data: unknown): S
  onRecord(value: V, context: ProcessContext<S, R, K>): void
  /** Without it, there are no timers. */
  readonly timers?: ProcessTimers<S, R, K>
  /** Keys with state or timers, of one partition; one more is an error. Default 100,000. */
  readonly maxKeys?: number
}

/** What a process does at its timers, and how late they fire. */
export interface ProcessTimers<S, R, K = string> {
  /** How far stream time must have passed a timer; heartbeats reach it at once. */
  readonly graceMs: number
  /** At the time of a timer. Those of a key (with the clock of a partition, of all keys) come in order of their time, then key. */
  onTimer(context: ProcessContext<S, R, K>): void
  /** Timers set per key; one more is an error. Default 1,000. */
  readonly maxPerKey?: number
}

/** Throws a RangeError that names the step, the option and its value. */
export function checkProcess<S, R, K>(
  step: string,
  { maxKeys, timers }: Pick<ProcessSteps<never, S, R, K>, 'maxKeys' | 'timers'>,
): void {
  checkLimits(step, { maxKeys })
  if (timers === undefined) return
  checkGrace(`${step}: timers`, timers.graceMs)
  checkLimits(`${step}: timers`, { maxPerKey: timers.maxPerKey })
}
