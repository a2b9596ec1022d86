import { watermarkMs, type Clock, type EventTime } from './event-clock.ts'

/** What is known of a key whose windows time closes. */
export interface ClosingKey {
  readonly key: string
  readonly time: EventTime
  /** End of its window that closes next; Infinity: there is none. */
  nextCloseMs: number
  /** The close that it waits for among all keys, with the clock of a partition. */
  queuedMs: number
}

export interface ClosingKeysOptions<S extends ClosingKey> {
  readonly clock: Clock
  readonly graceMs: number
  readonly create: (key: string, time: EventTime) => S
  /** Closes what ends at `nextCloseMs`, and sets the next one. */
  readonly closeNext: (state: S) => void
  /** Nothing is known of the key that would be missed. */
  readonly isIdle: (state: S) => boolean
  /** Gives a state what its key had while it was asleep. */
  readonly wake?: (state: S) => void
}

/** Keys of which something is open, but asleep: they get a state when they are first needed. */
export interface DormantKeys {
  readonly isEmpty: boolean
  /** End of what closes first; Infinity: there is nothing. */
  readonly nextCloseMs: number
  /** The first key, in their order, of which something closes then; undefined: there is none any more, `nextCloseMs` is a later one now. */
  nextKey(): string | undefined
  /** As `nextCloseMs`, of one key. */
  nextCloseMsOf(key: string): number
}

/**
 * Closes windows when the watermark reaches their ends: those of a key with a clock per key, else those of all keys, in order of
 * end, then key, so that the order of results does not depend on the order of arrival.
 */
export class ClosingKeys<S extends ClosingKey> {
  readonly #options: ClosingKeysOptions<S>
  readonly #states = new Map<string, S>()
  /** Of the key that was asked for last: they come in runs. */
  #latest: S | undefined
  readonly #partitionTime: EventTime | undefined
  readonly #graceMs: number
  /** A binary heap of closes to come; an entry whose key has been queued anew is passed over. */
  readonly #queue: { readonly endMs: number; readonly state: S }[] = []
  #dormant: DormantKeys | undefined
  /** The watermark of the key that `reach` was last called for. */
  reachedMs = -Infinity
  /** The first of them. */
  #nextCloseMs = Infinity

  constructor(options: ClosingKeysOptions<S>) {
    this.#options = options
    this.#graceMs = options.graceMs
    this.#partitionTime = options.clock.mode === 'partition' ? options.clock.timeOf('') : undefined
  }

  /** Takes in keys that are asleep, beside those that have a state. */
  sleep(dormant: DormantKeys): void {
    this.#dormant = dormant
    this.#nextCloseMs = Math.min(this.#nextCloseMs, dormant.nextCloseMs)
  }

  /** Closes what is due, before a record of the key is taken in. */
  reach(key: string): S {
    if (this.#partitionTime !== undefined) {
      const reachedMs = watermarkMs(this.#partitionTime, this.#graceMs)
      if (this.#nextCloseMs <= reachedMs) this.#closeAll(reachedMs)
      this.reachedMs = reachedMs
      return this.stateOf(key)
    }
    const state = this.stateOf(key)
    const reachedMs = watermarkMs(state.time, this.#graceMs)
    while (state.nextCloseMs <= reachedMs) this.#options.closeNext(state)
    this.reachedMs = reachedMs
    return state
  }

  /** Closes what is due, without a record. */
  advance(key: string): void {
    if (this.#partitionTime !== undefined) this.#closeAll(watermarkMs(this.#partitionTime, this.#graceMs))
    else {
      const state = this.#known(key) ?? this.#wakeDue(key)
      if (state === undefined) return
      const reachedMs = watermarkMs(state.time, this.#graceMs)
      while (state.nextCloseMs <= reachedMs) this.#options.closeNext(state)
    }
  }

  stateOf(key: string): S {
    let state = this.#known(key)
    if (state === undefined) {
      state = this.#options.create(key, this.#options.clock.timeOf(key))
      this.#states.set(key, state)
      if (this.#dormant !== undefined) this.#wake(state)
    }
    this.#latest = state
    return state
  }

  /** Forgets a key if nothing is known of it. Not to be called while it closes. */
  forget(state: S): void {
    if (state.nextCloseMs !== Infinity || state.queuedMs !== Infinity || !this.#options.isIdle(state)) return
    this.#delete(state)
  }

  all(): Iterable<S> {
    return this.#states.values()
  }

  /** To be called when a key's `nextCloseMs` has been set. */
  schedule(state: S): void {
    if (this.#partitionTime === undefined || state.nextCloseMs >= state.queuedMs) return
    state.queuedMs = state.nextCloseMs
    const queue = this.#queue
    const entry = { endMs: state.nextCloseMs, state }
    let at = queue.length
    queue.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(entry, queue[above]!)) break
      queue[at] = queue[above]!
      at = above
    }
    queue[at] = entry
    this.#nextCloseMs = Math.min(this.#nextCloseMs, entry.endMs)
  }

  #known(key: string): S | undefined {
    return this.#latest?.key === key ? this.#latest : this.#states.get(key)
  }

  #delete(state: S): void {
    this.#states.delete(state.key)
    if (this.#latest === state) this.#latest = undefined
  }

  #closeAll(reachedMs: number): void {
    const queue = this.#queue
    for (;;) {
      this.#wakeNext(reachedMs)
      if (queue.length === 0 || queue[0]!.endMs > reachedMs) break
      const { endMs, state } = this.#pop()
      if (endMs !== state.queuedMs) continue
      state.queuedMs = Infinity
      if (state.nextCloseMs === endMs) this.#options.closeNext(state)
      this.schedule(state)
      // With the partition's clock a key is known by its open windows alone; an idle one would only take memory.
      if (state.nextCloseMs === Infinity && this.#options.isIdle(state)) this.#delete(state)
    }
    this.#nextCloseMs = Math.min(queue[0]?.endMs ?? Infinity, this.#dormant?.nextCloseMs ?? Infinity)
  }

  #wake(state: S): void {
    this.#options.wake?.(state)
    if (this.#dormant?.isEmpty === true) this.#dormant = undefined
  }

  /** Wakes the keys that come before the first in the queue. */
  #wakeNext(reachedMs: number): void {
    for (;;) {
      const endMs = this.#dormant?.nextCloseMs ?? Infinity
      const first = this.#queue[0]
      if (endMs > reachedMs || (first !== undefined && first.endMs < endMs)) return
      const key = this.#dormant?.nextKey()
      if (key === undefined) continue
      if (first?.endMs === endMs && first.state.key < key) return
      this.stateOf(key)
    }
  }

  /** The state of a key that is asleep, if something of it is due. */
  #wakeDue(key: string): S | undefined {
    const reachedMs = watermarkMs(this.#options.clock.timeOf(key), this.#graceMs)
    const isDue = this.#dormant !== undefined && this.#dormant.nextCloseMsOf(key) <= reachedMs
    return isDue ? this.stateOf(key) : undefined
  }

  #pop(): { readonly endMs: number; readonly state: S } {
    const queue = this.#queue
    const first = queue[0]!
    const moved = queue.pop()!
    const { length } = queue
    if (length === 0) return first
    let at = 0
    for (let below = 1; below < length; below = 2 * at + 1) {
      if (below + 1 < length && isBefore(queue[below + 1]!, queue[below]!)) below++
      if (!isBefore(queue[below]!, moved)) break
      queue[at] = queue[below]!
      at = below
    }
    queue[at] = moved
    return first
  }
}

type Queued = { readonly endMs: number; readonly state: ClosingKey }

function isBefore(a: Queued, b: Queued): boolean {
  return a.endMs < b.endMs || (a.endMs === b.endMs && a.state.key < b.state.key)
}
