import type { Aggregator } from './aggregator.ts'
import { parseEntryKey, type ChangedEntry } from './changed-entries.ts'
import { ClosingKeys, type ClosingKey } from './closing-keys.ts'
import { lateCountsOf, oldestOffset, OpenWindows, type FoldKey, type OpenWindow } from './open-windows.ts'
import type { SessionWindows, Window } from './window.ts'
import type { RecordPosition, WindowOperator, WindowOperatorOptions } from './window-operator.ts'

interface KeyState<A> extends FoldKey, ClosingKey {
  /** In order of time; no two of them overlap. */
  readonly open: OpenWindow<A>[]
  /** End of the key's last session that has closed; kept until the watermark is a gap past it: no record reaches it from then on. */
  closedToMs: number
}

type KeyData = readonly [lateCount: number, closedToMs: number | null]

/**
 * Folds records into sessions, which grow and join as records come, and emits each once, when the watermark reaches its end.
 *
 * A record is late if a session that it touches is closed, whatever open one it also touches. One whose own gap is over changes no
 * bounds: it is in the open session that spans it, or late. So no session grows back to a gap or more behind the watermark, and the end
 * of a closed one need not be known for longer than that.
 */
export class SessionFold<V, A, R> implements WindowOperator<V> {
  readonly #gapMs: number
  readonly #aggregator: Aggregator<V, A, R>
  readonly #merge: (left: A, right: A) => A
  readonly #windows: OpenWindows<V, A, R>
  readonly #keys: ClosingKeys<KeyState<A>>

  constructor({ gapMs, graceMs }: SessionWindows, options: WindowOperatorOptions<V, A, R>) {
    const { aggregator, clock } = options
    if (aggregator.merge === undefined) throw new TypeError('session windows need an aggregator with merge')
    this.#gapMs = gapMs
    this.#aggregator = aggregator
    this.#merge = (left, right) => aggregator.merge?.(left, right) ?? left
    this.#windows = new OpenWindows({ ...options, what: `sessions with a gap of ${gapMs} ms`, keyData })
    this.#keys = new ClosingKeys<KeyState<A>>({
      clock,
      graceMs,
      create: (key, time) => ({
        key,
        time,
        open: [],
        nextCloseMs: Infinity,
        queuedMs: Infinity,
        lateCount: 0,
        closedToMs: -Infinity,
        changed: false,
        stored: false,
      }),
      closeNext: (state) => this.#closeNext(state),
      isIdle: ({ lateCount }) => lateCount === 0,
    })
  }

  add(key: string, value: V, at: RecordPosition): void {
    if (at.rebuilding === true) throw new Error('session windows come back by their entries, not by reading again')
    const state = this.#keys.reach(key)
    const bounds = { startMs: at.timestampMs, endMs: at.timestampMs + this.#gapMs }
    const { open } = state
    let after = open.length
    while (after > 0 && open[after - 1]!.bounds.startMs >= bounds.endMs) after--
    let first = after
    while (first > 0 && open[first - 1]!.bounds.endMs > bounds.startMs) first--
    const isSpanned = first < after && open[first]!.bounds.startMs <= bounds.startMs
    const isOver = bounds.endMs <= this.#keys.reachedMs && !isSpanned
    if (isOver || bounds.startMs < state.closedToMs) {
      this.#windows.late(state, bounds)
      return
    }
    const session = this.#join(state, { first, after, bounds, offset: at.offset })
    session.accumulator = this.#aggregator.add(session.accumulator, value)
    this.#windows.changed(session)
    this.#scheduleClose(state)
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
    const state = this.#keys.stateOf(name)
    if (kind === 'k') {
      const [lateCount, closedToMs] = data as KeyData
      this.#windows.setLateCount(state, lateCount)
      state.closedToMs = closedToMs ?? -Infinity
      state.stored = true
    } else {
      state.open.push(this.#windows.restore(state, Number(number), data))
      state.open.sort((a, b) => a.bounds.startMs - b.bounds.startMs)
    }
    this.#scheduleClose(state)
  }

  /** The session of a record: a new one, or those from `first` to before `after` as one. */
  #join(state: KeyState<A>, found: { first: number; after: number; bounds: Window; offset: number }): OpenWindow<A> {
    const { first, after, bounds, offset } = found
    const touched = state.open.slice(first, after)
    const [earliest, ...others] = touched
    if (earliest === undefined) {
      const opened = this.#windows.open(state, bounds, { entryId: bounds.startMs, offset })
      state.open.splice(first, 0, opened)
      return opened
    }
    const startMs = Math.min(bounds.startMs, earliest.bounds.startMs)
    const joined = { startMs, endMs: Math.max(bounds.endMs, touched.at(-1)?.bounds.endMs ?? 0) }
    const session = startMs === earliest.bounds.startMs ? earliest : this.#renamed(earliest, joined)
    session.bounds = joined
    for (const other of others) {
      session.accumulator = this.#merge(session.accumulator, other.accumulator)
      session.firstOffset = Math.min(session.firstOffset, other.firstOffset)
      this.#windows.remove(other, undefined)
    }
    session.firstOffset = Math.min(session.firstOffset, offset)
    state.open.splice(first, touched.length, session)
    return session
  }

  /** A session that begins earlier than it did has another entry. */
  #renamed(session: OpenWindow<A>, bounds: Window): OpenWindow<A> {
    this.#windows.remove(session, bounds)
    const renamed = this.#windows.open(session.owner, bounds, { entryId: bounds.startMs, offset: session.firstOffset })
    renamed.accumulator = session.accumulator
    return renamed
  }

  #closeNext(state: KeyState<A>): void {
    const session = state.open.shift()
    state.closedToMs = session?.bounds.endMs ?? -Infinity
    this.#windows.keyChanged(state)
    this.#scheduleClose(state)
    if (session !== undefined) this.#windows.close(session)
  }

  #scheduleClose(state: KeyState<A>): void {
    // With nothing open, a closed session is forgotten when the gap of every record that it could touch is over.
    state.nextCloseMs =
      state.open[0]?.bounds.endMs ?? (state.closedToMs === -Infinity ? Infinity : state.closedToMs + this.#gapMs)
    this.#keys.schedule(state)
  }
}

function keyData({ lateCount, closedToMs }: KeyState<unknown>): KeyData | undefined {
  if (closedToMs === -Infinity) return lateCount === 0 ? undefined : [lateCount, null]
  return [lateCount, closedToMs]
}
