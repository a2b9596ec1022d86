import type { Aggregator } from './aggregator.ts'
import { watermarkMs, type EventClock, type EventTime } from './event-clock.ts'
import { windowStartMs, type TumblingWindows, type Window } from './window.ts'

/** Where a fold's outputs go. */
export interface FoldOutput<R> {
  /** The one final result of a key's window. */
  result(key: string, result: R, window: Window): void
  /** The record just added came after its window had closed. */
  late(key: string, window: Window): void
}

export interface WindowedFoldOptions<V, A, R> {
  readonly windows: TumblingWindows
  readonly aggregator: Aggregator<V, A, R>
  readonly clock: EventClock
  readonly output: FoldOutput<R>
  /** Processing time, handed through to the results. */
  readonly nowMs: () => number
  /** Open windows over all keys; one more is an error, since memory would grow without a bound. */
  readonly maxOpenWindows: number
}

/** Where a record stands in event time and in the log. */
export interface RecordPosition {
  readonly timestampMs: number
  readonly offset: number
  /** It was read before and only rebuilds open windows: if its window is closed, its result or lateness is known already. */
  readonly rebuilding?: boolean
}

/** More windows are open than the configured limit allows. */
export class OpenWindowLimitError extends Error {
  override readonly name = 'OpenWindowLimitError'
}

interface OpenWindow<A> extends Window {
  accumulator: A
  /** Position in the log of the first record in it: where to read from to build it again. */
  readonly firstOffset: number
}

interface KeyState<A> {
  readonly key: string
  readonly time: EventTime
  /** In order of their ends; nearly always one or two. */
  readonly open: OpenWindow<A>[]
  nextCloseMs: number
  lateCount: number
}

/**
 * Folds records into the windows of their keys and emits each window's result once, when the watermark reaches its end.
 *
 * A record whose own window is closed is late; lateness is judged per window and never by arrival order within grace. The
 * clock is the source's: it must have observed a record before the record is added, and a heartbeat before `advance`.
 */
export class WindowedFold<V, A, R> {
  readonly #options: WindowedFoldOptions<V, A, R>
  readonly #keys = new Map<string, KeyState<A>>()
  #openWindows = 0
  /** Smallest end of all open windows: what the partition's clock is held against. Unused with a clock per key. */
  #nextCloseMs = Infinity

  constructor(options: WindowedFoldOptions<V, A, R>) {
    this.#options = options
  }

  /** Takes a record in, after closing what its time has closed. */
  add(key: string, value: V, at: RecordPosition): void {
    const { windows, aggregator, output } = this.#options
    const state = this.#closeDue(key)
    const startMs = windowStartMs(windows, at.timestampMs)
    const endMs = startMs + windows.sizeMs
    if (endMs <= watermarkMs(state.time, windows.graceMs)) {
      if (at.rebuilding === true) return
      state.lateCount++
      output.late(key, { startMs, endMs })
      return
    }
    const window = this.#openWindow(state, { startMs, endMs }, at.offset)
    window.accumulator = aggregator.add(window.accumulator, value)
  }

  /** Closes what the clock has closed for a key, without a record: after a heartbeat. */
  advance(key: string): void {
    this.#closeDue(key)
  }

  /** How many windows are open. */
  get openWindows(): number {
    return this.#openWindows
  }

  /** The log position from which reading again rebuilds all open windows; undefined when none is open. */
  oldestOffset(): number | undefined {
    let oldest: number | undefined
    for (const { open } of this.#keys.values()) {
      for (const { firstOffset } of open) if (oldest === undefined || firstOffset < oldest) oldest = firstOffset
    }
    return oldest
  }

  /** Late records per key since the key's last result, where there are any: the state that open windows don't hold. */
  lateCounts(): (readonly [key: string, count: number])[] {
    return [...this.#keys.values()]
      .filter(({ lateCount }) => lateCount > 0)
      .map(({ key, lateCount }) => [key, lateCount])
  }

  /** Sets the late counts of keys, as `lateCounts` gave them, on a fold that has just been made. */
  restoreLateCounts(counts: readonly (readonly [key: string, count: number])[]): void {
    for (const [key, count] of counts) this.#stateOf(key).lateCount = count
  }

  #stateOf(key: string): KeyState<A> {
    let state = this.#keys.get(key)
    if (state === undefined) {
      state = { key, time: this.#options.clock.timeOf(key), open: [], nextCloseMs: Infinity, lateCount: 0 }
      this.#keys.set(key, state)
    }
    return state
  }

  /** The window to fold into: records mostly come for the newest one, so the search begins there. */
  #openWindow(state: KeyState<A>, window: Window, offset: number): OpenWindow<A> {
    const { open } = state
    let index = open.length
    while (index > 0) {
      const candidate = open[index - 1] as OpenWindow<A>
      if (candidate.startMs === window.startMs) return candidate
      if (candidate.startMs < window.startMs) break
      index--
    }
    if (this.#openWindows >= this.#options.maxOpenWindows) {
      throw new OpenWindowLimitError(
        `${this.#openWindows} windows of ${this.#options.windows.sizeMs} ms are open, the limit (maxOpenWindows): ` +
          'too many keys for one instance, or event time is far out of order',
      )
    }
    const opened = { ...window, accumulator: this.#options.aggregator.init(), firstOffset: offset }
    open.splice(index, 0, opened)
    this.#openWindows++
    state.nextCloseMs = (open[0] as OpenWindow<A>).endMs
    if (state.nextCloseMs < this.#nextCloseMs) this.#nextCloseMs = state.nextCloseMs
    return opened
  }

  /** Emits what the watermark has closed (of one key with a clock per key, else of all) and returns the key's state. */
  #closeDue(key: string): KeyState<A> {
    const { clock, windows } = this.#options
    if (clock.mode === 'partition') {
      const reachedMs = watermarkMs(clock.timeOf(''), windows.graceMs)
      if (reachedMs >= this.#nextCloseMs) this.#closeAll(reachedMs)
      return this.#stateOf(key)
    }
    const state = this.#stateOf(key)
    const reachedMs = watermarkMs(state.time, windows.graceMs)
    while (state.nextCloseMs <= reachedMs) this.#emitOldest(state)
    return state
  }

  /** In order of window end, then key, so that the order of results does not depend on the order of arrival. */
  #closeAll(reachedMs: number): void {
    const byEndThenKey = (a: KeyState<A>, b: KeyState<A>) => a.nextCloseMs - b.nextCloseMs || (a.key < b.key ? -1 : 1)
    let due = [...this.#keys.values()].filter((state) => state.nextCloseMs <= reachedMs)
    while (due.length > 0) {
      due.sort(byEndThenKey)
      const endMs = (due[0] as KeyState<A>).nextCloseMs
      for (const state of due) if (state.nextCloseMs === endMs) this.#emitOldest(state)
      due = due.filter((state) => state.nextCloseMs <= reachedMs)
    }
    this.#nextCloseMs = Infinity
    for (const state of this.#keys.values()) {
      // With the partition's clock a key is known by its open windows alone; an idle one would only take memory.
      if (state.open.length === 0 && state.lateCount === 0) this.#keys.delete(state.key)
      else if (state.nextCloseMs < this.#nextCloseMs) this.#nextCloseMs = state.nextCloseMs
    }
  }

  #emitOldest(state: KeyState<A>): void {
    const closed = state.open.shift() as OpenWindow<A>
    const window = { startMs: closed.startMs, endMs: closed.endMs }
    const { aggregator, output, nowMs } = this.#options
    const context = { key: state.key, window, lateCount: state.lateCount, nowMs: nowMs() }
    this.#openWindows--
    state.lateCount = 0
    state.nextCloseMs = state.open[0]?.endMs ?? Infinity
    output.result(state.key, aggregator.result(closed.accumulator, context), window)
  }
}
