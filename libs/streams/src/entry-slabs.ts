import type { ByteRange } from './byte-range.ts'

const INITIAL_ENTRIES = 1_024
const SLAB_BYTES = 256 * 1024
/** What is garbage may take as much as what is not, and this much more, before it is cleared away. */
const TOLERATED_GARBAGE_BYTES = 4 * 1024 * 1024
/** Numbers kept of an entry. */
const FIELDS = 8
const SLAB = 0
const START = 1
/** Bytes that are its own: those of its first value, which a later one may not need. */
const ROOM = 2
const KEY_BYTES = 3
/** Where its value is, from its start. */
const VALUE_AT = 4
const VALUE_BYTES = 5
const HASH = 6
const NEXT = 7

/** Where an entry's key and value are: one behind the other, as in a record. */
export interface EntryRanges {
  bytes: Buffer
  keyStart: number
  keyEnd: number
  /** -1: there is no value. */
  valueStart: number
  valueEnd: number
}

/**
 * Entries as bytes: each a number, with its key and value in one of some large buffers, and what is known of it in one array of integers. There
 * is no object for an entry, so a garbage collector has nothing to look at, however many there are.
 */
export class EntrySlabs {
  #fields = new Int32Array(INITIAL_ENTRIES * FIELDS)
  #slabs: (Buffer | undefined)[] = []
  /** Bytes in each slab that are not garbage. */
  #liveIn: number[] = []
  /** Bytes in the last slab that are taken. */
  #filled = 0
  /** Numbers of entries that were freed. */
  readonly #free: number[] = []
  #end = 0
  #liveBytes = 0
  #heldBytes = 0

  /** How many entries there are. */
  get size(): number {
    return this.#end - this.#free.length
  }

  /** Memory that their bytes take, with what is garbage. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** All numbers of entries are below it; a number that has been freed is of none. */
  get end(): number {
    return this.#end
  }

  /** Takes an entry in. Returns its number. */
  add(hash: number, entry: EntryRanges): number {
    const number = this.#free.pop() ?? this.#newNumber()
    this.#fields[number * FIELDS + HASH] = hash
    this.#store(number, entry)
    return number
  }

  /** Gives an entry another value. */
  replace(number: number, entry: EntryRanges): void {
    const at = number * FIELDS
    const fields = this.#fields
    if (entry.valueEnd - entry.keyStart > (fields[at + ROOM] as number)) {
      this.#release(number)
      this.#store(number, entry)
      return this.#tidy()
    }
    const slab = this.#slabs[fields[at + SLAB] as number] as Buffer
    entry.bytes.copy(slab, fields[at + START], entry.keyStart, entry.valueEnd)
    fields[at + VALUE_AT] = entry.valueStart - entry.keyStart
    fields[at + VALUE_BYTES] = entry.valueEnd - entry.valueStart
  }

  free(number: number): void {
    this.#release(number)
    this.#fields[number * FIELDS + ROOM] = 0
    this.#free.push(number)
    this.#tidy()
  }

  isFree(number: number): boolean {
    return this.#fields[number * FIELDS + ROOM] === 0
  }

  /** The hash that it has been given, of its key or a part of it. */
  hashOf(number: number): number {
    return this.#fields[number * FIELDS + HASH] as number
  }

  /** The entry that it has been linked to. */
  nextOf(number: number): number {
    return this.#fields[number * FIELDS + NEXT] as number
  }

  /** Gives an entry another hash, and a number of its owner's choice. */
  link(number: number, hash: number, next: number): void {
    this.#fields[number * FIELDS + HASH] = hash
    this.#fields[number * FIELDS + NEXT] = next
  }

  /** The entry's key, as a range of bytes that holds until the next change. */
  keyIn(number: number, into: ByteRange): void {
    const at = number * FIELDS
    const fields = this.#fields
    into.bytes = this.#slabs[fields[at + SLAB] as number] as Buffer
    into.start = fields[at + START] as number
    into.end = into.start + (fields[at + KEY_BYTES] as number)
  }

  /** The entry's value, as a range of bytes that holds until the next change. */
  valueIn(number: number, into: ByteRange): void {
    const at = number * FIELDS
    const fields = this.#fields
    into.bytes = this.#slabs[fields[at + SLAB] as number] as Buffer
    into.start = (fields[at + START] as number) + (fields[at + VALUE_AT] as number)
    into.end = into.start + (fields[at + VALUE_BYTES] as number)
  }

  #newNumber(): number {
    const number = this.#end++
    if (this.#end * FIELDS > this.#fields.length) {
      const grown = new Int32Array(2 * this.#fields.length)
      grown.set(this.#fields)
      this.#fields = grown
    }
    return number
  }

  #store(number: number, { bytes, keyStart, keyEnd, valueStart, valueEnd }: EntryRanges): void {
    const length = valueEnd - keyStart
    let last = this.#slabs.length - 1
    let slab = this.#slabs[last]
    if (slab === undefined || this.#filled + length > slab.length) {
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length))
      last = this.#slabs.push(slab) - 1
      this.#liveIn.push(0)
      this.#heldBytes += slab.length
      this.#filled = 0
    }
    bytes.copy(slab, this.#filled, keyStart, valueEnd)
    const at = number * FIELDS
    const fields = this.#fields
    fields[at + SLAB] = last
    fields[at + START] = this.#filled
    fields[at + ROOM] = length
    fields[at + KEY_BYTES] = keyEnd - keyStart
    fields[at + VALUE_AT] = valueStart - keyStart
    fields[at + VALUE_BYTES] = valueEnd - valueStart
    this.#filled += length
    this.#liveIn[last] = (this.#liveIn[last] as number) + length
    this.#liveBytes += length
  }

  /** Its bytes are garbage now. A slab of nothing else goes. */
  #release(number: number): void {
    const at = number * FIELDS
    const slab = this.#fields[at + SLAB] as number
    const room = this.#fields[at + ROOM] as number
    this.#liveBytes -= room
    const live = (this.#liveIn[slab] as number) - room
    this.#liveIn[slab] = live
    if (live > 0) return
    this.#heldBytes -= (this.#slabs[slab] as Buffer).length
    this.#slabs[slab] = undefined
  }

  /** Where most is garbage, puts what is not into slabs of its own; each of the others goes when nothing is left in it. */
  #tidy(): void {
    if (this.#heldBytes <= 2 * this.#liveBytes + TOLERATED_GARBAGE_BYTES) return
    const moved: EntryRanges = { bytes: Buffer.alloc(0), keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0 }
    const fields = this.#fields
    for (let number = 0; number < this.#end; number++) {
      if (this.isFree(number)) continue
      const at = number * FIELDS
      moved.bytes = this.#slabs[fields[at + SLAB] as number] as Buffer
      moved.keyStart = fields[at + START] as number
      moved.keyEnd = moved.keyStart + (fields[at + KEY_BYTES] as number)
      moved.valueStart = moved.keyStart + (fields[at + VALUE_AT] as number)
      moved.valueEnd = moved.valueStart + (fields[at + VALUE_BYTES] as number)
      this.#release(number)
      this.#store(number, moved)
    }
  }
}
