import { ChangedEntries, entryKeyOf, parseEntryKey, type ChangedEntry, type TrackedEntry } from './changed-entries.ts'
import { ClosingKeys, type ClosingKey } from './closing-keys.ts'
import { OpenWindowLimitError } from './limit-error.ts'
import { lateCountsOf, OpenWindows, type FoldKey } from './open-windows.ts'
import type { SlidingWindows, Window } from './window.ts'
import type { RecordPosition, WindowOperator, WindowOperatorOptions } from './window-operator.ts'

interface KeptRecord<V> extends TrackedEntry {
  readonly key: string
  readonly timestampMs: number
  readonly value: V
  readonly offset: number
  /** Order of arrival within its key. */
  readonly place: number
  kept: boolean
}

interface KeyState<V> extends FoldKey, ClosingKey {
  /** In order of time, then of arrival. */
  readonly records: KeptRecord<V>[]
  /** All windows that end at or before it are closed. */
  closedToMs: number
  nextPlace: number
  /** Times of records that came since the last flush. */
  readonly updatedMs: Set<number>
}

type KeyData = readonly [lateCount: number, closedToMs: number | null, nextPlace: number]

/**
 * Sliding windows: keeps the records, and folds each window once, when it closes (and at a flush). Every record is added to
 * every window that it is in either way; but so, no accumulator has to be copied for a window that begins in the middle, and
 * what came in which order does not matter.
 *
 * A record below the watermark has missed the window that ends with it, and is late; the open ones have it all the same.
 */
export class SlidingFold<V, A, R> implements WindowOperator<V> {
  readonly #options: WindowOperatorOptions<V, A, R>
  readonly #sizeMs: number
  readonly #windows: OpenWindows<V, A, R>
  readonly #entries: ChangedEntries<KeptRecord<V>>
  readonly #keys: ClosingKeys<KeyState<V>>
  readonly #updated = new Set<KeyState<V>>()
  #kept = 0

  constructor({ timeDifferenceMs, graceMs }: SlidingWindows, options: WindowOperatorOptions<V, A, R>) {
    const { clock, values, changelog: tracking = false } = options
    this.#options = options
    this.#sizeMs = timeDifferenceMs + 1
    this.#windows = new OpenWindows({ ...options, what: 'sliding windows', keyData })
    this.#entries = new ChangedEntries({
      tracking,
      keyOf: ({ timestampMs, place, key }) => entryKeyOf('record', `${timestampMs}.${place}`, key),
      dataOf: ({ value, kept }) => (kept ? [values === undefined ? value : values.snapshot(value)] : undefined),
    })
    this.#keys = new ClosingKeys({
      clock,
      graceMs,
      create: newState,
      closeNext: (state) => this.#closeNext(state),
      isIdle: (state) => keyData(state) === undefined,
    })
  }

  add(key: string, value: V, at: RecordPosition): void {
    if (at.rebuilding === true) throw new Error('sliding windows come back by their entries, not by reading again')
    const state = this.#keys.reach(key)
    const { timestampMs, offset } = at
    const { reachedMs } = this.#keys
    if (timestampMs < reachedMs) {
      this.#windows.late(state, { startMs: timestampMs + 1 - this.#sizeMs, endMs: timestampMs + 1 })
      if (timestampMs + this.#sizeMs <= reachedMs) return
    }
    state.closedToMs = Math.max(state.closedToMs, reachedMs)
    const place = state.nextPlace++
    const record = this.#keep(state, {
      key,
      timestampMs,
      value,
      offset,
      place,
      kept: true,
      changed: false,
      stored: false,
    })
    this.#entries.touch(record)
    this.#windows.keyChanged(state)
    if (this.#options.emit === 'on-update') {
      state.updatedMs.add(timestampMs)
      this.#updated.add(state)
    }
    this.#scheduleClose(state)
  }

  advance(key: string): void {
    this.#keys.advance(key)
  }

  flush(): void {
    for (const state of this.#updated) {
      for (const window of this.#openOf(state)) {
        // A record changes the windows that it is in, and makes the one that begins behind it.
        const isChanged = [...state.updatedMs].some((ms) => window.startMs - 1 <= ms && ms < window.endMs)
        if (isChanged) this.#windows.update(state, window, this.#folded(state, window))
      }
      state.updatedMs.clear()
    }
    this.#updated.clear()
  }

  /** Those that would close with a result if no other record came. */
  get openWindows(): number {
    let count = 0
    for (const state of this.#keys.all()) count += this.#openOf(state).length
    return count
  }

  get size(): number {
    return this.#kept + this.#windows.lateKeys
  }

  oldestOffset(): number | undefined {
    let oldest = Infinity
    for (const { records } of this.#keys.all()) for (const { offset } of records) if (offset < oldest) oldest = offset
    return oldest === Infinity ? undefined : oldest
  }

  lateCounts(): (readonly [key: string, count: number])[] {
    return lateCountsOf(this.#keys.all())
  }

  restoreLateCounts(counts: readonly (readonly [key: string, count: number])[]): void {
    for (const [key, count] of counts) this.#windows.restoreLateCount(this.#keys.stateOf(key), count)
  }

  *changes(): Iterable<ChangedEntry> {
    yield* this.#windows.changes()
    yield* this.#entries.take()
  }

  restoreEntry(entryKey: string, data: unknown): void {
    const { kind, number, name: key } = parseEntryKey(entryKey)
    const state = this.#keys.stateOf(key)
    if (kind === 'k') {
      const [lateCount, closedToMs, nextPlace] = data as KeyData
      this.#windows.setLateCount(state, lateCount)
      Object.assign(state, { closedToMs: closedToMs ?? -Infinity, nextPlace, stored: true })
    } else {
      const [timestampMs = 0, place = 0] = number.split('.').map(Number)
      const [snapshot] = data as [unknown]
      const { values } = this.#options
      const value = values === undefined ? (snapshot as V) : values.restore(snapshot)
      this.#keep(state, { key, timestampMs, value, offset: Infinity, place, kept: true, changed: false, stored: true })
    }
    this.#scheduleClose(state)
  }

  #keep(state: KeyState<V>, record: KeptRecord<V>): KeptRecord<V> {
    if (this.#kept >= this.#options.maxOpenWindows) {
      throw new OpenWindowLimitError(
        `${this.#kept} records are kept for sliding windows of ${this.#sizeMs} ms, the limit (maxOpenWindows): ` +
          'too many records for one instance, or event time is far out of order',
      )
    }
    this.#kept++
    const { records } = state
    let at = records.length
    while (at > 0 && isAfter(records[at - 1]!, record)) at--
    records.splice(at, 0, record)
    return record
  }

  #closeNext(state: KeyState<V>): void {
    const endMs = state.nextCloseMs
    const window = { startMs: endMs - this.#sizeMs, endMs }
    const exists = this.#exists(state, window)
    const accumulator = exists ? this.#folded(state, window) : undefined
    state.closedToMs = endMs
    this.#forget(state)
    this.#windows.keyChanged(state)
    this.#scheduleClose(state)
    if (accumulator !== undefined) this.#windows.final(state, window, accumulator)
  }

  /** A window exists if it ends with a record, or begins behind one, and is not empty. */
  #exists({ records }: KeyState<V>, { startMs, endMs }: Window): boolean {
    const from = firstFrom(records, startMs)
    if (records[from] === undefined || records[from].timestampMs >= endMs) return false
    return (
      records[from - 1]?.timestampMs === startMs - 1 ||
      records[firstFrom(records, endMs - 1)]?.timestampMs === endMs - 1
    )
  }

  #folded({ records }: KeyState<V>, { startMs, endMs }: Window): A {
    const { aggregator } = this.#options
    let accumulator = aggregator.init()
    for (let at = firstFrom(records, startMs); at < records.length; at++) {
      const { timestampMs, value } = records[at]!
      if (timestampMs >= endMs) break
      accumulator = aggregator.add(accumulator, value)
    }
    return accumulator
  }

  /** Drops the records that no window to come has, or begins behind. */
  #forget({ records, closedToMs }: KeyState<V>): void {
    const kept = firstFrom(records, closedToMs - this.#sizeMs)
    for (const record of records.splice(0, kept)) {
      record.kept = false
      this.#kept--
      this.#entries.touch(record)
    }
  }

  #openOf(state: KeyState<V>): Window[] {
    const ends = new Set(state.records.flatMap(({ timestampMs }) => [timestampMs + 1, timestampMs + 1 + this.#sizeMs]))
    return [...ends]
      .filter((endMs) => endMs > state.closedToMs)
      .sort((a, b) => a - b)
      .map((endMs) => ({ startMs: endMs - this.#sizeMs, endMs }))
      .filter((window) => this.#exists(state, window))
  }

  #scheduleClose(state: KeyState<V>): void {
    const { records, closedToMs } = state
    this.#forget(state)
    const endingWith = records[firstFrom(records, closedToMs)]?.timestampMs ?? Infinity
    const behind = records[0]?.timestampMs ?? Infinity
    state.nextCloseMs = Math.min(endingWith + 1, behind + 1 + this.#sizeMs)
    this.#keys.schedule(state)
  }
}

function newState<V>(key: string, time: ClosingKey['time']): KeyState<V> {
  const ends = { nextCloseMs: Infinity, queuedMs: Infinity, closedToMs: -Infinity }
  const flags = { changed: false, stored: false }
  return { key, time, records: [], ...ends, lateCount: 0, nextPlace: 0, updatedMs: new Set(), ...flags }
}

function keyData({ lateCount, closedToMs, nextPlace, records }: KeyState<unknown>): KeyData | undefined {
  if (lateCount === 0 && records.length === 0) return undefined
  return [lateCount, Number.isFinite(closedToMs) ? closedToMs : null, nextPlace]
}

function isAfter(a: KeptRecord<unknown>, b: KeptRecord<unknown>): boolean {
  return a.timestampMs > b.timestampMs || (a.timestampMs === b.timestampMs && a.place > b.place)
}

/** Where the records from a time on begin. */
function firstFrom(records: readonly KeptRecord<unknown>[], timestampMs: number): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (records[middle]!.timestampMs < timestampMs) low = middle + 1
    else high = middle
  }
  return low
}
