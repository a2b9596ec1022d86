import { ChangedEntries, entryKeyOf, parseEntryKey, type ChangedEntry, type TrackedEntry } from './changed-entries.ts'
import { EventClock, watermarkMs, type Clock } from './event-clock.ts'
import { HeldRecordLimitError, LimitError } from './limit-error.ts'
import { checkGrace, checkLimits } from './option-checks.ts'
import { SequenceHoles, type SequenceRange } from './sequence-holes.ts'
import type { RecordPosition, ValueSnapshots } from './window-operator.ts'

/** Where the records of an in-sequence operator go. */
export interface InSequenceOutput<V> {
  /** The next record of its key, in order. The operator's own clock says how far the key is complete. */
  pass(key: string, value: V, at: RecordPosition): void
  /** The operator's clock has moved for a key, after the records that go with that have passed. */
  advance(key: string): void
  /** The records of a range never came while there was time; the one behind it, which is at `at`, follows. */
  missing(key: string, range: SequenceRange, at: RecordPosition): void
  /** The record just added has passed before, or is held. */
  duplicate(key: string, value: V, at: RecordPosition): void
  /** The record just added was given up before. */
  late(key: string, value: V, at: RecordPosition): void
}

/** What an `InSequence` takes: by which number records are ordered, how long one waits for those before it, and its limits. */
export interface InSequenceOptions<V> {
  /** A safe integer, one more for each record of a key; a larger one never has a smaller timestamp. */
  readonly sequence: (value: V) => number
  readonly clock: Clock
  /** The clock behind this operator, for who must know it before there is one; made, if left out. Nobody else may move it. */
  readonly clockBehind?: EventClock
  readonly graceMs: number
  /** Records held over all keys; one more is an error. */
  readonly maxHeld: number
  /** Keys that are known; one more is an error. Default 100,000. */
  readonly maxKeys?: number
  /** Ranges per key of which is remembered that they were given up; what comes for older ones is late. Default 1,000. */
  readonly maxHoles?: number
  /** Sequence of the first record of every key. Without it a key's first records wait for earlier ones as behind a hole. */
  readonly firstSequence?: number
  readonly output: InSequenceOutput<V>
  /** Remember what has changed, for `changes`. Default false. */
  readonly changelog?: boolean
  /** For held values that are not JSON-safe. */
  readonly values?: ValueSnapshots<V>
}

interface Held<V> extends TrackedEntry {
  readonly key: string
  readonly sequence: number
  readonly value: V
  readonly at: RecordPosition
  isHeld: boolean
}

interface KeyState<V> extends TrackedEntry {
  readonly key: string
  /** What passes next; undefined: where the key begins is not known yet. */
  next: number | undefined
  /** Event time of the last one that passed; undefined: none has. */
  passedMs: number | undefined
  readonly holes: SequenceHoles
  /** In order of their sequences. */
  readonly held: Held<V>[]
}

type KeyData = readonly [next: number | null, holes: unknown, passedMs: number | null]
type HeldData = readonly [timestampMs: number, offset: number, value: unknown]

/**
 * Brings the records of each key into the order of their sequence: the next one passes at once, one that came early is held. A hole
 * is given up, and reported, when the watermark has passed the first record behind it, since what is missing is not younger.
 *
 * What passes may be older than the source's watermark. `operator.clock` is the clock for what follows: while records are held it stays at
 * the last one that passed, or at a later heartbeat of the source, since what is missing may be that old. So windows behind this operator
 * close as if all had come in order, and those that a hole may have begun in are still open when it is given up.
 */
export class InSequence<V> {
  /** Its heartbeats say how far a key (with the clock of a partition: all) is complete behind this operator. */
  readonly clock: EventClock
  readonly #options: InSequenceOptions<V>
  readonly #keys = new Map<string, KeyState<V>>()
  /** The keys with held records. */
  readonly #holding = new Set<KeyState<V>>()
  readonly #keyEntries: ChangedEntries<KeyState<V>>
  readonly #heldEntries: ChangedEntries<Held<V>>
  #held = 0

  constructor(options: InSequenceOptions<V>) {
    const { clock, clockBehind, changelog: tracking = false, values } = options
    this.#options = options
    this.clock = clockBehind ?? new EventClock(clock.mode)
    this.#keyEntries = new ChangedEntries({
      tracking,
      keyOf: ({ key }) => entryKeyOf('key', '', key),
      dataOf: ({ next, holes, passedMs }): KeyData => [next ?? null, holes.snapshot(), passedMs ?? null],
    })
    this.#heldEntries = new ChangedEntries({
      tracking,
      keyOf: ({ key, sequence }) => entryKeyOf('record', sequence, key),
      dataOf: ({ isHeld, value, at }): HeldData | undefined =>
        isHeld ? [at.timestampMs, at.offset, values === undefined ? value : values.snapshot(value)] : undefined,
    })
  }

  /** Takes a record in; the source's clock must have observed it. */
  add(key: string, value: V, at: RecordPosition): void {
    const { output } = this.#options
    const state = this.#stateOf(key)
    const sequence = this.#sequenceOf(value, key)
    if (state.next === undefined || sequence > state.next) {
      const isNew = this.#hold(state, { sequence, value, at: { timestampMs: at.timestampMs, offset: at.offset } })
      this.#follow(key) // after it is held: its hole keeps the clock back; and it may have come behind the watermark itself
      if (!isNew) output.duplicate(key, value, at)
      return
    }
    this.#follow(key)
    if (state.next === sequence) {
      this.#pass(state, value, at)
      if (state.held.length > 0) this.#release(state)
      this.#moveClock(key)
    } else {
      const wasGivenUp = state.holes.fill(sequence)
      this.#keyEntries.touch(state)
      if (wasGivenUp) output.late(key, value, at)
      else output.duplicate(key, value, at)
    }
  }

  /** Gives up what the source's clock has passed, and moves the clock behind this operator. */
  advance(key: string): void {
    // Also where the clock stands: those behind it don't know it yet after a restart.
    this.#options.output.advance(key)
    this.#follow(key)
  }

  #follow(key: string): void {
    const isShared = this.clock.mode === 'partition'
    for (;;) {
      const state = isShared ? this.#earliest() : this.#keys.get(key)
      const first = state?.held[0]
      this.#moveClock(key)
      if (state === undefined || first === undefined || first.at.timestampMs >= this.#sourceMs(key)) return
      this.#giveUp(state, first)
      this.#release(state)
    }
  }

  /** Keys that are known, and records that are held. */
  get size(): number {
    return this.#keys.size + this.#held
  }

  /** How many records are held. */
  get held(): number {
    return this.#held
  }

  /** As of a `WindowOperator`, the operator's clock with them. */
  *changes(): Iterable<ChangedEntry> {
    yield* this.#keyEntries.take()
    yield* this.#heldEntries.take()
    for (const [key, data] of this.clock.changes()) yield [entryKeyOf('clock', '', key), data]
  }

  /** Takes up an entry of `changes`, on an operator that has just been made. */
  restoreEntry(entryKey: string, data: unknown): void {
    const { kind, number, name } = parseEntryKey(entryKey)
    if (kind === 'c') return this.clock.restoreEntry(name, data)
    const state = this.#stateOf(name)
    if (kind === 'k') {
      const [next, holes, passedMs] = data as KeyData
      state.next = next ?? undefined
      state.passedMs = passedMs ?? undefined
      state.holes.restore(holes)
      state.stored = true
      return
    }
    const { values } = this.#options
    const [timestampMs, offset, snapshot] = data as HeldData
    const value = values === undefined ? (snapshot as V) : values.restore(snapshot)
    this.#hold(state, { sequence: Number(number), value, at: { timestampMs, offset }, stored: true })
  }

  #stateOf(key: string): KeyState<V> {
    let state = this.#keys.get(key)
    if (state === undefined) {
      const { maxHoles = 1_000, maxKeys = 100_000, firstSequence } = this.#options
      if (this.#keys.size >= maxKeys) {
        throw new LimitError(`${maxKeys} keys are in sequence, the limit (maxKeys): too many for one instance`)
      }
      const holes = new SequenceHoles(maxHoles)
      if (firstSequence !== undefined) holes.forgetBelow(firstSequence)
      state = { key, next: firstSequence, passedMs: undefined, holes, held: [], changed: false, stored: false }
      this.#keys.set(key, state)
    }
    return state
  }

  #sequenceOf(value: V, key: string): number {
    const sequence = this.#options.sequence(value)
    if (Number.isSafeInteger(sequence)) return sequence
    throw new RangeError(`in sequence: key ${key}: the sequence ${sequence} is not a safe integer`)
  }

  /** False: it is held already. */
  #hold(state: KeyState<V>, record: { sequence: number; value: V; at: RecordPosition; stored?: boolean }): boolean {
    const { sequence, value, at, stored = false } = record
    const { held, key } = state
    let place = held.length
    while (place > 0 && held[place - 1]!.sequence > sequence) place--
    if (held[place - 1]?.sequence === sequence) return false
    if (this.#held >= this.#options.maxHeld) {
      throw new HeldRecordLimitError(
        `${this.#held} records are held in sequence, the limit (maxHeld): key ${key} waits for ${state.next ?? 'its first'}; ` +
          'many are missing, or the grace is too long for their number',
      )
    }
    const entry = { key, sequence, value, at, isHeld: true, changed: false, stored }
    held.splice(place, 0, entry)
    this.#held++
    this.#holding.add(state)
    if (!stored) this.#heldEntries.touch(entry)
    return true
  }

  #pass(state: KeyState<V>, value: V, at: RecordPosition): void {
    state.next = (state.next ?? 0) + 1
    state.passedMs = at.timestampMs
    this.#keyEntries.touch(state)
    this.#options.output.pass(state.key, value, at)
  }

  /** Passes what is held up to the next hole. */
  #release(state: KeyState<V>): void {
    const { held } = state
    let released = 0
    while (held[released]?.sequence === state.next && released < held.length) {
      const record = held[released++]!
      record.isHeld = false
      this.#held--
      this.#heldEntries.touch(record)
      this.#pass(state, record.value, record.at)
    }
    held.splice(0, released)
    if (held.length === 0) this.#holding.delete(state)
  }

  #giveUp(state: KeyState<V>, { sequence, at }: Held<V>): void {
    const { next } = state
    state.next = sequence
    this.#keyEntries.touch(state)
    if (next === undefined) return state.holes.forgetBelow(sequence)
    const range = { first: next, last: sequence - 1 }
    state.holes.add(range)
    this.#options.output.missing(state.key, range, at)
  }

  #sourceMs(key: string): number {
    const { clock, graceMs } = this.#options
    return watermarkMs(clock.timeOf(key), graceMs)
  }

  #moveClock(key: string): void {
    let timeMs = this.#sourceMs(key)
    if (this.clock.mode === 'partition') {
      for (const state of this.#holding) timeMs = Math.min(timeMs, this.#completeMs(state))
    } else {
      const state = this.#keys.get(key)
      if (state !== undefined) timeMs = Math.min(timeMs, this.#completeMs(state))
    }
    if (this.clock.heartbeat(key, timeMs)) this.#options.output.advance(key)
  }

  /** From when on records of a key may be missing, whatever the source's clock says. */
  #completeMs({ key, held, passedMs }: KeyState<V>): number {
    const [first] = held
    if (first === undefined) return Infinity
    // Nothing is known of what was before a key's first record.
    if (passedMs === undefined) return first.at.timestampMs
    const promisedMs = watermarkMs(this.#options.clock.timeOf(key), Infinity) // by heartbeats alone
    return Math.min(first.at.timestampMs, Math.max(passedMs, promisedMs))
  }

  /** The key whose first held record is the oldest; of equal ones the first by name. */
  #earliest(): KeyState<V> | undefined {
    let earliest: KeyState<V> | undefined
    for (const state of this.#holding) {
      const order = earliest === undefined ? -1 : state.held[0]!.at.timestampMs - earliest.held[0]!.at.timestampMs
      if (order < 0 || (order === 0 && state.key < earliest!.key)) earliest = state
    }
    return earliest
  }
}

/** Throws a RangeError that names the step, the option and its value. */
export function checkInSequence(
  step: string,
  options: Pick<InSequenceOptions<never>, 'graceMs' | 'maxHeld' | 'maxKeys' | 'maxHoles' | 'firstSequence'>,
): void {
  const { graceMs, maxHeld, maxKeys, maxHoles, firstSequence } = options
  checkGrace(step, graceMs)
  // It has no default.
  checkLimits(step, { maxHeld: maxHeld ?? NaN, maxKeys, maxHoles })
  if (firstSequence === undefined || Number.isSafeInteger(firstSequence)) return
  throw new RangeError(`${step}: firstSequence must be a whole number, got ${firstSequence}`)
}

/** As `new InSequence(options)`. */
export function inSequence<V>(options: InSequenceOptions<V>): InSequence<V> {
  return new InSequence(options)
}
