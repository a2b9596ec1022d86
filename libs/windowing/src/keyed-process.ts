import { ChangedEntries, entryKeyOf, parseEntryKey, type ChangedEntry, type TrackedEntry } from './changed-entries.ts'
import { ClosingKeys, type ClosingKey } from './closing-keys.ts'
import { watermarkMs, type Clock } from './event-clock.ts'
import { LimitError } from './limit-error.ts'
import { refusePromise } from './synchronous.ts'
import type { ProcessContext, ProcessSteps } from './process-context.ts'

/** What a `KeyedProcess` takes: a user's steps, and where time comes from and results go. */
export interface KeyedProcessOptions<V, S, R, K = string> {
  /** Names the process in errors. */
  readonly name: string
  readonly steps: ProcessSteps<V, S, R, K>
  /** The key that the steps see, of its name. */
  readonly keyOf: (name: string) => K
  readonly clock: Clock
  forward(key: string, value: R, timestampMs: number): void
  /** Remember what has changed, for `changes`. Default false. */
  readonly changelog?: boolean
}

interface KeyState<S> extends TrackedEntry, ClosingKey {
  /** Undefined: there is none. */
  kept: { value: S } | undefined
  /** In order. */
  timers: number[]
  counted: boolean
}

type KeyData = readonly [timers: readonly number[], state?: unknown]

/**
 * State and event-time timers of keys, handed to a user's steps. A record first fires the timers that its time has made due; so what
 * comes out depends on the log alone.
 */
export class KeyedProcess<V, S, R, K = string> {
  readonly #name: string
  readonly #steps: ProcessSteps<V, S, R, K>
  readonly #maxKeys: number
  readonly #keys: ClosingKeys<KeyState<S>>
  readonly #entries: ChangedEntries<KeyState<S>>
  readonly #context: CallContext<V, S, R, K>
  #counted = 0

  constructor(options: KeyedProcessOptions<V, S, R, K>) {
    const { name, steps, clock, changelog: tracking = false } = options
    this.#name = name
    this.#steps = steps
    this.#maxKeys = steps.maxKeys ?? 100_000
    this.#entries = new ChangedEntries({
      tracking,
      keyOf: ({ key }) => entryKeyOf('key', '', key),
      dataOf: (state) => this.#dataOf(state),
    })
    this.#keys = new ClosingKeys<KeyState<S>>({
      clock,
      graceMs: steps.timers?.graceMs ?? Infinity,
      create: (key, time) => ({
        key,
        time,
        kept: undefined,
        timers: [],
        nextCloseMs: Infinity,
        queuedMs: Infinity,
        counted: false,
        changed: false,
        stored: false,
      }),
      closeNext: (state) => this.#fire(state),
      isIdle,
    })
    this.#context = new CallContext(options, (state) => this.#entries.touch(state))
  }

  /** Takes a record in, after the timers that are due. The clock must have observed it before. */
  add(key: string, value: V, timestampMs: number): void {
    const state = this.#keys.reach(key)
    const context = this.#context.enter(state, timestampMs, timestampMs)
    const answer: unknown = this.#steps.onRecord(value, context)
    if (answer !== undefined) refusePromise(answer, `process ${this.#name}: onRecord`)
    this.#leave(state)
    if (state.nextCloseMs <= this.#keys.reachedMs) this.#keys.advance(key)
    this.#keys.forget(state)
  }

  /** Fires what the clock has made due, without a record. */
  advance(key: string): void {
    this.#keys.advance(key)
  }

  /** How many keys have state or timers. */
  get size(): number {
    return this.#counted
  }

  /** As of a `WindowOperator`. */
  changes(): Iterable<ChangedEntry> {
    return this.#entries.take()
  }

  /** Takes up an entry of `changes`, in one that has just been made. */
  restoreEntry(entryKey: string, data: unknown): void {
    const state = this.#keys.stateOf(parseEntryKey(entryKey).name)
    const [timers, ...kept] = data as KeyData
    const { restore } = this.#steps
    state.timers = [...timers]
    if (kept.length > 0) state.kept = { value: restore === undefined ? (kept[0] as S) : restore(kept[0]) }
    state.stored = true
    this.#schedule(state)
    this.#count(state)
  }

  #fire(state: KeyState<S>): void {
    const timestampMs = state.timers.shift() ?? 0
    this.#entries.touch(state)
    const context = this.#context.enter(state, timestampMs, timestampMs + 1)
    const answer: unknown = this.#steps.timers?.onTimer(context)
    if (answer !== undefined) refusePromise(answer, `process ${this.#name}: onTimer`)
    this.#leave(state)
  }

  #leave(state: KeyState<S>): void {
    this.#context.leave()
    this.#schedule(state)
    this.#count(state)
  }

  #schedule(state: KeyState<S>): void {
    state.nextCloseMs = state.timers[0] ?? Infinity
    this.#keys.schedule(state)
  }

  #count(state: KeyState<S>): void {
    if (state.counted === !isIdle(state)) return
    if (!state.counted && this.#counted >= this.#maxKeys) {
      throw new LimitError(`process: ${this.#counted} keys have state, the limit (maxKeys): too many for one instance`)
    }
    state.counted = !state.counted
    this.#counted += state.counted ? 1 : -1
  }

  #dataOf(state: KeyState<S>): KeyData | undefined {
    const { timers, kept } = state
    const { snapshot } = this.#steps
    if (kept === undefined) return isIdle(state) ? undefined : [timers]
    return [timers, snapshot === undefined ? kept.value : snapshot(kept.value)]
  }
}

/** Nothing is known of the key. */
function isIdle({ kept, timers }: KeyState<unknown>): boolean {
  return kept === undefined && timers.length === 0
}

/** The one context of a process: there is no object per call. */
class CallContext<V, S, R, K> implements ProcessContext<S, R, K> {
  readonly #options: KeyedProcessOptions<V, S, R, K>
  readonly #touch: (state: KeyState<S>) => void
  readonly #maxPerKey: number
  #current: KeyState<S> | undefined
  #timestampMs = 0
  #firstTimerMs = 0

  constructor(options: KeyedProcessOptions<V, S, R, K>, touch: (state: KeyState<S>) => void) {
    this.#options = options
    this.#touch = touch
    this.#maxPerKey = options.steps.timers?.maxPerKey ?? 1_000
  }

  enter(state: KeyState<S>, timestampMs: number, firstTimerMs: number): this {
    this.#current = state
    this.#timestampMs = timestampMs
    this.#firstTimerMs = firstTimerMs
    return this
  }

  leave(): void {
    this.#current = undefined
  }

  get key(): K {
    return this.#options.keyOf(this.#state.key)
  }

  get timestampMs(): number {
    return this.#timestampMs
  }

  get watermarkMs(): number {
    return watermarkMs(this.#state.time, this.#options.steps.timers?.graceMs ?? Infinity)
  }

  get state(): S {
    const state = this.#state
    state.kept ??= { value: this.#options.steps.init(this.key) }
    this.#touch(state) // it may be changed in place
    return state.kept.value
  }

  set state(value: S) {
    this.#state.kept = { value }
    this.#touch(this.#state)
  }

  removeState(): void {
    this.#state.kept = undefined
    this.#touch(this.#state)
  }

  forward(value: R, timestampMs = this.#timestampMs): void {
    const { key } = this.#state
    // Where time is not complete yet, an earlier one is still in time for what follows.
    if (timestampMs !== this.#timestampMs)
      this.#checkTime(timestampMs, Math.min(this.#timestampMs, this.watermarkMs), 'forward')
    this.#options.forward(key, value, timestampMs)
  }

  setTimer(timestampMs: number): void {
    const state = this.#state
    const { timers } = state
    if (this.#options.steps.timers === undefined)
      throw new TypeError('process: a timer is set, but there is no onTimer')
    this.#checkTime(timestampMs, this.#firstTimerMs, 'setTimer')
    let place = timers.length
    while (place > 0 && timers[place - 1]! > timestampMs) place--
    if (timers[place - 1] === timestampMs) return
    if (timers.length >= this.#maxPerKey) {
      throw new LimitError(`process: key ${state.key} has ${timers.length} timers, the limit (maxPerKey)`)
    }
    timers.splice(place, 0, timestampMs)
    this.#touch(state)
  }

  deleteTimer(timestampMs: number): void {
    const state = this.#state
    const place = state.timers.indexOf(timestampMs)
    if (place < 0) return
    state.timers.splice(place, 1)
    this.#touch(state)
  }

  get #state(): KeyState<S> {
    if (this.#current === undefined) throw new Error('process: a context is used after the call that it was made for')
    return this.#current
  }

  #checkTime(timestampMs: number, firstMs: number, what: string): void {
    if (Number.isSafeInteger(timestampMs) && timestampMs >= firstMs) return
    throw new RangeError(
      `process: key ${this.#state.key}: ${what} at ${timestampMs}, which is not a time from ${firstMs} on`,
    )
  }
}
