import { ChangedEntries, entryKeyOf, type ChangedEntry, type TrackedEntry } from './changed-entries.ts'
import { OpenWindowLimitError } from './limit-error.ts'
import type { Window } from './window.ts'
import type { WindowOperatorOptions } from './window-operator.ts'

/** What a fold knows of a key besides its windows. */
export interface FoldKey extends TrackedEntry {
  readonly key: string
  /** Of its late records since its last result. Set by `OpenWindows` alone, once it is made. */
  lateCount: number
}

export interface OpenWindow<A> extends TrackedEntry {
  readonly owner: FoldKey
  /** Names its entry among those of its key: the start of a window of time, as it was when it opened. */
  readonly entryId: number
  bounds: Window
  accumulator: A
  /** Position in the log of the first record in it: where to read from to build it again. */
  firstOffset: number
  open: boolean
  /** Changed since the last flush; always, where updates are not told. */
  updated: boolean
  /** Bounds under which its result so far has been told. */
  told: Window | undefined
}

interface OpenWindowsOptions<V, A, R> extends WindowOperatorOptions<V, A, R> {
  /** For messages: what these windows are. */
  readonly what: string
  /** A key's own state; undefined: there is none. */
  readonly keyData: (key: never) => unknown
  /** The bounds that follow from an entry's number; without it, they are in its data. */
  readonly boundsOf?: (entryId: number) => Window
}

type WindowData = [accumulator: unknown, told?: Window | null, bounds?: Window]

/** The windows that are open, whoever finds them: their number, their results, and what a changelog needs of them. */
export class OpenWindows<V, A, R> {
  readonly #options: OpenWindowsOptions<V, A, R>
  readonly #windows: ChangedEntries<OpenWindow<A>>
  readonly #keys: ChangedEntries<FoldKey>
  readonly #telling: boolean
  readonly #hasBounds: boolean
  #updated: OpenWindow<A>[] = []
  #count = 0
  /** Keys with a late count: it stays until their next result, which may never come. */
  #lateKeys = 0
  /** Windows that are open as well, but still entries of a changelog. */
  dormant = 0
  /** Keys with a late count as well, but still entries of a changelog. */
  dormantLateKeys = 0
  #restoredBounds: Window | undefined

  constructor(options: OpenWindowsOptions<V, A, R>) {
    const { changelog: tracking = false, emit, output, keyData } = options
    if (emit === 'on-update' && output.update === undefined) {
      throw new TypeError("windows with emit 'on-update' need an output with update")
    }
    this.#options = options
    this.#telling = emit === 'on-update'
    this.#hasBounds = options.boundsOf === undefined
    this.#keys = new ChangedEntries({
      tracking,
      keyOf: ({ key }) => entryKeyOf('key', '', key),
      dataOf: keyData as (key: FoldKey) => unknown,
    })
    this.#windows = new ChangedEntries({
      tracking,
      keyOf: ({ entryId, owner }) => entryKeyOf('window', entryId, owner.key),
      dataOf: (window) => (window.open ? this.#dataOf(window) : undefined),
    })
  }

  get count(): number {
    return this.#count + this.dormant
  }

  get lateKeys(): number {
    return this.#lateKeys + this.dormantLateKeys
  }

  /** Windows, and keys with a late count: an entry of state each. */
  get size(): number {
    return this.count + this.lateKeys
  }

  /** Opens a window; the limit is checked here. */
  open(owner: FoldKey, bounds: Window, { entryId, offset }: { entryId: number; offset: number }): OpenWindow<A> {
    const { maxOpenWindows, what, aggregator } = this.#options
    if (this.count >= maxOpenWindows) {
      throw new OpenWindowLimitError(
        `${this.count} ${what} are open, the limit (maxOpenWindows): ` +
          'too many keys for one instance, or event time is far out of order',
      )
    }
    this.#count++
    return this.#newWindow(owner, { entryId, bounds, accumulator: aggregator.init(), firstOffset: offset })
  }

  /** The window has taken in a record. */
  changed(window: OpenWindow<A>): void {
    if (!window.changed) this.#windows.touch(window)
    if (!window.updated) {
      window.updated = true
      this.#updated.push(window)
    }
  }

  setLateCount(key: FoldKey, count: number): void {
    this.#lateKeys += Number(count > 0) - Number(key.lateCount > 0)
    key.lateCount = count
  }

  /** Puts back what was kept elsewhere so far. */
  restoreLateCount(key: FoldKey, count: number): void {
    this.setLateCount(key, count)
    this.keyChanged(key)
  }

  /** The key's own state has changed. */
  keyChanged(key: FoldKey): void {
    if (!key.changed) this.#keys.touch(key)
  }

  /** The record at hand came too late for a window; the limit is checked here for keys that no open window bounds. */
  late(owner: FoldKey, window: Window): void {
    const { maxOpenWindows, what } = this.#options
    if (owner.lateCount === 0 && this.lateKeys >= maxOpenWindows) {
      throw new OpenWindowLimitError(
        `${this.lateKeys} keys of ${what} have late records since their last result, the limit (maxOpenWindows): ` +
          'too many keys for one instance, or a backfill of time that has passed',
      )
    }
    this.setLateCount(owner, owner.lateCount + 1)
    this.keyChanged(owner)
    this.#options.output.late(owner.key, window)
  }

  /** Emits a window's final result. */
  close(window: OpenWindow<A>): void {
    this.remove(window, window.bounds)
    this.final(window.owner, window.bounds, window.accumulator)
  }

  /** Emits a final result. */
  final(owner: FoldKey, window: Window, accumulator: A): void {
    const result = this.#resultOf(owner, window, accumulator)
    if (owner.lateCount !== 0) {
      this.setLateCount(owner, 0)
      this.keyChanged(owner)
    }
    this.#options.output.result(owner.key, result, window)
  }

  /** Emits a result so far. */
  update(owner: FoldKey, window: Window, accumulator: A): void {
    this.#options.output.update?.(owner.key, this.#resultOf(owner, window, accumulator), window)
  }

  /** The window is no more; `bounds` are those of what takes its place. */
  remove(window: OpenWindow<A>, bounds: Window | undefined): void {
    window.open = false
    this.#count--
    this.#windows.touch(window)
    this.#retract(window, bounds)
  }

  flush(): void {
    const updated = this.#updated
    this.#updated = []
    for (const window of updated) {
      window.updated = false
      if (!window.open) continue
      this.#retract(window, window.bounds)
      window.told = window.bounds
      this.#windows.touch(window)
      this.update(window.owner, window.bounds, window.accumulator)
    }
  }

  *changes(): Iterable<ChangedEntry> {
    yield* this.#keys.take()
    yield* this.#windows.take()
  }

  /** A window as `changes` gave it. */
  restore(owner: FoldKey, entryId: number, data: unknown): OpenWindow<A> {
    const { aggregator } = this.#options
    const [snapshot, told, bounds = this.#boundsOf(entryId)] = data as WindowData
    const accumulator = aggregator.restore === undefined ? (snapshot as A) : aggregator.restore(snapshot)
    this.#count++
    const window = this.#newWindow(owner, { entryId, bounds, accumulator, firstOffset: Infinity })
    window.told = told ?? undefined
    window.stored = true
    return window
  }

  #dataOf({ accumulator, bounds, told }: OpenWindow<A>): WindowData {
    const { aggregator } = this.#options
    const data: WindowData = [aggregator.snapshot === undefined ? accumulator : aggregator.snapshot(accumulator)]
    if (this.#hasBounds) data.push(told ?? null, bounds)
    else if (told !== undefined) data.push(told)
    return data
  }

  /** Windows of time that begin and end together, as those of many keys do, have one object for it. */
  #boundsOf(entryId: number): Window {
    const last = this.#restoredBounds
    if (last?.startMs === entryId) return last
    const { boundsOf = noBounds } = this.#options
    return (this.#restoredBounds = boundsOf(entryId))
  }

  #newWindow(
    owner: FoldKey,
    parts: Pick<OpenWindow<A>, 'entryId' | 'bounds' | 'accumulator' | 'firstOffset'>,
  ): OpenWindow<A> {
    const { entryId, bounds, accumulator, firstOffset } = parts
    const updated = !this.#telling
    return {
      owner,
      entryId,
      bounds,
      accumulator,
      firstOffset,
      open: true,
      updated,
      told: undefined,
      changed: false,
      stored: false,
    }
  }

  #resultOf(owner: FoldKey, window: Window, accumulator: A): R {
    const { aggregator, nowMs } = this.#options
    return aggregator.result(accumulator, { key: owner.key, window, lateCount: owner.lateCount, nowMs: nowMs() })
  }

  #retract({ told, owner }: OpenWindow<A>, bounds: Window | undefined): void {
    if (
      told === undefined ||
      (told.startMs === bounds?.startMs && told.endMs === bounds.endMs && told.lastSequence === bounds.lastSequence)
    ) {
      return
    }
    this.#options.output.update?.(owner.key, undefined, told)
  }
}

function noBounds(entryId: number): never {
  throw new Error(`state entry of window ${entryId} has no bounds`)
}

export function oldestOffset<A>(windows: Iterable<OpenWindow<A>>): number | undefined {
  let oldest = Infinity
  for (const { firstOffset } of windows) if (firstOffset < oldest) oldest = firstOffset
  return oldest === Infinity ? undefined : oldest
}

export function lateCountsOf(keys: Iterable<FoldKey>): (readonly [key: string, count: number])[] {
  return [...keys].filter(({ lateCount }) => lateCount > 0).map(({ key, lateCount }) => [key, lateCount])
}
