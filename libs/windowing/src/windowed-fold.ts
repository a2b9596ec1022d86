import type { Aggregator } from './aggregator.ts'
import { parseEntryKey, type ChangedEntry, type ParsedEntryKey } from './changed-entries.ts'
import { ClosingKeys, type ClosingKey } from './closing-keys.ts'
import type { DormantEntries } from './dormant-entries.ts'
import { DormantWindows } from './dormant-windows.ts'
import { EntryError } from './entry-error.ts'
import { lateCountsOf, oldestOffset, OpenWindows, type FoldKey, type OpenWindow } from './open-windows.ts'
import { alignedMs, type AlignedWindows, type Window } from './window.ts'
import type { RecordPosition, WindowOperator, WindowOperatorOptions } from './window-operator.ts'

/** What a `WindowedFold` takes. */
export interface WindowedFoldOptions<V, A, R> extends WindowOperatorOptions<V, A, R> {
  readonly windows: AlignedWindows
}

interface KeyState<A> extends FoldKey, ClosingKey {
  /** In order of their ends; nearly always one or two. */
  open: OpenWindow<A>[]
  /** The last of them, where nearly all records go. */
  newest: OpenWindow<A> | undefined
}

/**
 * Folds records into tumbling or hopping windows of their keys and emits each window's result once, when the watermark reaches its
 * end.
 *
 * A record whose own window is closed is late; lateness is judged per window and never by arrival order within grace. The
 * clock is the source's: it must have observed a record before the record is added, and a heartbeat before `advance`.
 */
export class WindowedFold<V, A, R> implements WindowOperator<V> {
  readonly #sizeMs: number
  readonly #advanceMs: number
  readonly #isTumbling: boolean
  readonly #aggregator: Aggregator<V, A, R>
  readonly #windows: OpenWindows<V, A, R>
  readonly #keys: ClosingKeys<KeyState<A>>
  #dormant: DormantWindows | undefined

  constructor(options: WindowedFoldOptions<V, A, R>) {
    const { windows, clock } = options
    this.#sizeMs = windows.sizeMs
    this.#advanceMs = windows.kind === 'tumbling' ? windows.sizeMs : windows.advanceMs
    this.#isTumbling = this.#advanceMs === this.#sizeMs
    this.#aggregator = options.aggregator
    this.#windows = new OpenWindows({
      ...options,
      what: `${windows.kind} windows of ${windows.sizeMs} ms`,
      keyData: ({ lateCount }: FoldKey) => (lateCount === 0 ? undefined : [lateCount]),
      boundsOf: (startMs) => this.#boundsOf(startMs),
    })
    this.#keys = new ClosingKeys<KeyState<A>>({
      clock,
      graceMs: windows.graceMs,
      create: (key, time) => ({
        key,
        time,
        open: [],
        newest: undefined,
        nextCloseMs: Infinity,
        queuedMs: Infinity,
        lateCount: 0,
        changed: false,
        stored: false,
      }),
      closeNext: (state) => this.#closeOldest(state),
      isIdle: ({ lateCount }) => lateCount === 0,
      wake: (state) => this.#wake(state),
    })
  }

  add(key: string, value: V, at: RecordPosition): void {
    const state = this.#keys.reach(key)
    const { timestampMs } = at
    const { newest } = state
    if (newest !== undefined && this.#isTumbling) {
      const intoMs = timestampMs - newest.entryId
      // Were it closed, it would be gone.
      if (intoMs >= 0 && intoMs < this.#sizeMs) return this.#fold(newest, value)
    }
    const { reachedMs } = this.#keys
    const beforeMs = timestampMs - this.#sizeMs
    let place = state.open.length
    // From the newest window to the oldest: where one is closed, all before it are.
    for (let startMs = this.#newestStartMs(state, timestampMs); startMs > beforeMs; startMs -= this.#advanceMs) {
      if (startMs + this.#sizeMs <= reachedMs) {
        if (at.rebuilding === true) this.#keys.forget(state)
        else this.#late(state, timestampMs)
        return
      }
      while (place > 0 && state.open[place - 1]!.entryId > startMs) place--
      let window = state.open[place - 1]
      if (window?.entryId === startMs) place--
      else window = this.#open(state, startMs, { place, offset: at.offset })
      this.#fold(window, value)
    }
  }

  advance(key: string): void {
    this.#keys.advance(key)
  }

  flush(): void {
    this.#windows.flush()
  }

  get openWindows(): number {
    return this.#windows.count
  }

  get size(): number {
    return this.#windows.size
  }

  oldestOffset(): number | undefined {
    return oldestOffset([...this.#keys.all()].flatMap(({ open }) => open))
  }

  lateCounts(): (readonly [key: string, count: number])[] {
    return lateCountsOf(this.#keys.all())
  }

  restoreLateCounts(counts: readonly (readonly [key: string, count: number])[]): void {
    for (const [key, count] of counts) this.#windows.restoreLateCount(this.#keys.stateOf(key), count)
  }

  changes(): Iterable<ChangedEntry> {
    return this.#windows.changes()
  }

  restoreEntry(entryKey: string, data: unknown): void {
    const { kind, number, name } = parseEntryKey(entryKey)
    this.#restore(this.#keys.stateOf(name), { kind, number, data })
  }

  adopt(entries: DormantEntries): void {
    this.#dormant = new DormantWindows(entries, this.#sizeMs)
    this.#windows.dormant = this.#dormant.count
    this.#windows.dormantLateKeys = this.#dormant.keyCount
    this.#keys.sleep(this.#dormant)
  }

  #wake(state: KeyState<A>): void {
    for (const [entryKey, data] of this.#dormant?.take(state.key) ?? []) {
      const { kind, number } = parseEntryKey(entryKey)
      if (kind === 'w') this.#windows.dormant--
      else this.#windows.dormantLateKeys--
      try {
        this.#restore(state, { kind, number, data })
      } catch (error) {
        throw new EntryError(entryKey, error)
      }
    }
    if (this.#dormant?.isEmpty === true) this.#dormant = undefined
  }

  #restore(
    state: KeyState<A>,
    { kind, number, data }: Omit<ParsedEntryKey, 'name'> & { readonly data: unknown },
  ): void {
    if (kind === 'k') {
      this.#windows.setLateCount(state, (data as [number])[0])
      state.stored = true
      return
    }
    const window = this.#windows.restore(state, Number(number), data)
    // An array made with its one window; pushed into an empty one, it would take room for 17.
    if (state.open.length === 0) state.open = [window]
    else {
      state.open.push(window)
      state.open.sort((a, b) => a.bounds.startMs - b.bounds.startMs)
    }
    this.#scheduleClose(state)
  }

  #fold(window: OpenWindow<A>, value: V): void {
    window.accumulator = this.#aggregator.add(window.accumulator, value)
    if (!window.changed || !window.updated) this.#windows.changed(window)
  }

  /** Start of the newest window that a timestamp is in: mostly it is open, which saves a division. */
  #newestStartMs({ newest }: KeyState<A>, timestampMs: number): number {
    const intoMs = timestampMs - (newest?.entryId ?? Infinity)
    return intoMs >= 0 && intoMs < this.#advanceMs ? timestampMs - intoMs : alignedMs(timestampMs, this.#advanceMs)
  }

  #late(state: KeyState<A>, timestampMs: number): void {
    const startMs = alignedMs(timestampMs - this.#sizeMs, this.#advanceMs) + this.#advanceMs
    this.#windows.late(state, this.#boundsOf(startMs))
  }

  #open(state: KeyState<A>, startMs: number, { place, offset }: { place: number; offset: number }): OpenWindow<A> {
    const window = this.#windows.open(state, this.#boundsOf(startMs), { entryId: startMs, offset })
    state.open.splice(place, 0, window)
    this.#scheduleClose(state)
    return window
  }

  #boundsOf(startMs: number): Window {
    return { startMs, endMs: startMs + this.#sizeMs }
  }

  #closeOldest(state: KeyState<A>): void {
    const window = state.open.shift()!
    this.#scheduleClose(state)
    this.#windows.close(window)
  }

  /** To be called when the windows that are open have changed. */
  #scheduleClose(state: KeyState<A>): void {
    state.newest = state.open[state.open.length - 1]
    state.nextCloseMs = state.open[0]?.bounds.endMs ?? Infinity
    this.#keys.schedule(state)
  }
}
