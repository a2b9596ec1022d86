import type { Aggregator } from './aggregator.ts'
import { parseEntryKey, type ChangedEntry } from './changed-entries.ts'
import { ExactSum } from './exact-sum.ts'
import { LimitError, OpenWindowLimitError } from './limit-error.ts'
import { lateCountsOf, oldestOffset, OpenWindows, type FoldKey, type OpenWindow } from './open-windows.ts'
import type { CountWindows, VolumeWindows } from './window.ts'
import type { RecordPosition, WindowOperator, WindowOperatorOptions } from './window-operator.ts'

interface KeyState<A> extends FoldKey {
  open: OpenWindow<A> | undefined
  /** Of the last record taken in. */
  lastSequence: number
  /** Windows that are full. */
  closed: number
  /** What still fits into the window, exactly: carried from window to window, so that edges don't drift. */
  room: ExactSum
}

type KeyData = readonly [lateCount: number, lastSequence: number | null, closed: number, room: readonly number[]]

/** A record, or the rest of one that an earlier window has the beginning of. */
interface Part<V> {
  readonly value: V
  readonly sequence: number
  readonly at: RecordPosition
  readonly isRest: boolean
}

/**
 * Folds records into count or volume windows, in the order of their sequence, and emits each when it is full. Time closes none of
 * them. A record that is not above the last sequence of its key is late.
 */
export class SequenceFold<V, A, R> implements WindowOperator<V> {
  readonly #kind: 'count' | 'volume'
  readonly #spec: VolumeWindows<V>
  readonly #aggregator: Aggregator<V, A, R>
  readonly #maxKeys: number
  readonly #windows: OpenWindows<V, A, R>
  readonly #keys = new Map<string, KeyState<A>>()

  constructor(windows: CountWindows<V> | VolumeWindows<V>, options: WindowOperatorOptions<V, A, R>) {
    this.#kind = windows.kind
    this.#spec = windows.kind === 'volume' ? windows : volumeOfRecords(windows)
    this.#aggregator = options.aggregator
    this.#maxKeys = options.maxOpenWindows
    this.#windows = new OpenWindows({ ...options, what: `${windows.kind} windows of ${windows.size}`, keyData })
  }

  add(key: string, value: V, at: RecordPosition): void {
    if (at.rebuilding === true)
      throw new Error(`${this.#kind} windows come back by their entries, not by reading again`)
    const { size, amountOf, split } = this.#spec
    const state = this.#stateOf(key)
    const { room } = state
    const sequence = this.#spec.sequence(value)
    if (!Number.isSafeInteger(sequence)) {
      throw new RangeError(`${this.#kind} window: key ${key}: the sequence ${sequence} is not a safe integer`)
    }
    if (sequence <= state.lastSequence) {
      this.#windows.late(state, { startMs: at.timestampMs, endMs: at.timestampMs + 1 })
      return
    }
    const amount = this.#checked(amountOf(value), key, sequence)
    state.lastSequence = sequence
    this.#windows.keyChanged(state)
    const fitting = room.value()
    room.add(-amount)
    let rest = -room.value()
    this.#fold(state, { value: rest > 0 ? split(value, fitting) : value, sequence, at, isRest: false })
    if (rest < 0) return
    this.#close(state)
    while (rest > 0) {
      const over = -room.value()
      this.#fold(state, { value: split(value, over < 0 ? rest : size), sequence, at, isRest: true })
      if (over < 0) return
      this.#close(state)
      rest = over
    }
  }

  /** Time closes none of these windows. */
  advance(): void {}

  flush(): void {
    this.#windows.flush()
  }

  get openWindows(): number {
    return this.#windows.count
  }

  /** An entry of each key, which stays when its window is full, and one of each open window. */
  get size(): number {
    return this.#keys.size + this.#windows.count
  }

  oldestOffset(): number | undefined {
    return oldestOffset([...this.#keys.values()].flatMap(({ open }) => open ?? []))
  }

  lateCounts(): (readonly [key: string, count: number])[] {
    return lateCountsOf(this.#keys.values())
  }

  restoreLateCounts(counts: readonly (readonly [key: string, count: number])[]): void {
    for (const [key, count] of counts) this.#windows.restoreLateCount(this.#stateOf(key), count)
  }

  changes(): Iterable<ChangedEntry> {
    return this.#windows.changes()
  }

  restoreEntry(entryKey: string, data: unknown): void {
    const { kind, name } = parseEntryKey(entryKey)
    const state = this.#stateOf(name)
    if (kind === 'k') {
      const [lateCount, lastSequence, closed, room] = data as KeyData
      this.#windows.setLateCount(state, lateCount)
      state.lastSequence = lastSequence ?? -Infinity
      state.closed = closed
      state.room = ExactSum.restore(room)
      state.stored = true
    } else {
      state.open = this.#windows.restore(state, 0, data)
    }
  }

  #stateOf(key: string): KeyState<A> {
    let state = this.#keys.get(key)
    if (state === undefined) {
      if (this.#keys.size >= this.#maxKeys) {
        throw new OpenWindowLimitError(
          `${this.#keys.size} keys have a ${this.#kind} window, the limit (maxOpenWindows): too many keys for one instance`,
        )
      }
      const room = ExactSum.restore([this.#spec.size])
      const flags = { changed: false, stored: false }
      state = { key, lateCount: 0, open: undefined, lastSequence: -Infinity, closed: 0, room, ...flags }
      this.#keys.set(key, state)
    }
    return state
  }

  #fold(state: KeyState<A>, { value, sequence, at, isRest }: Part<V>): void {
    const { timestampMs, offset } = at
    const aggregator = this.#aggregator
    const window = state.open
    if (window === undefined) {
      const bounds = {
        startMs: timestampMs,
        endMs: timestampMs + 1,
        index: state.closed,
        firstSequence: sequence,
        lastSequence: sequence,
      }
      state.open = this.#windows.open(state, bounds, { entryId: 0, offset })
    } else {
      const { startMs, endMs } = window.bounds
      window.bounds = {
        ...window.bounds,
        startMs: Math.min(startMs, timestampMs),
        endMs: Math.max(endMs, timestampMs + 1),
        lastSequence: sequence,
      }
    }
    const folded = state.open!
    const takesRest = isRest && aggregator.addRest !== undefined
    folded.accumulator = takesRest
      ? aggregator.addRest!(folded.accumulator, value)
      : aggregator.add(folded.accumulator, value)
    this.#windows.changed(folded)
  }

  #close(state: KeyState<A>): void {
    const full = state.open!
    state.open = undefined
    state.closed++
    state.room.add(this.#spec.size)
    this.#windows.close(full)
  }

  #checked(amount: number, key: string, sequence: number): number {
    const { size, maxWindowsPerRecord } = this.#spec
    const where = `${this.#kind} window: key ${key} sequence ${sequence}`
    if (!Number.isFinite(amount) || amount < 0) throw new RangeError(`${where}: ${amount} is not an amount from 0 on`)
    if (amount / size > maxWindowsPerRecord) {
      throw new LimitError(
        `${where}: an amount of ${amount} would fill more than ${maxWindowsPerRecord} windows of ${size} (maxWindowsPerRecord)`,
      )
    }
    return amount
  }
}

/** Each record is an amount of 1, and never crosses an edge. */
function volumeOfRecords<V>({ size, sequence }: CountWindows<V>): VolumeWindows<V> {
  return { kind: 'volume', size, sequence, amountOf: () => 1, split: (value) => value, maxWindowsPerRecord: 1 }
}

function keyData({ lateCount, lastSequence, closed, room }: KeyState<unknown>): KeyData {
  return [lateCount, lastSequence === -Infinity ? null : lastSequence, closed, room.partials()]
}
