import { noBytes, type ByteRange } from './byte-range.ts'

const INITIAL_ENTRIES = 1_024
const SLAB_BYTES = 1024 * 1024
/** What is garbage may take as much as what is not, and this much more, before it is cleared away. */
const TOLERATED_GARBAGE_BYTES = 4 * 1024 * 1024
/** Numbers kept of an entry. */
const FIELDS = 8
/** The buffer that it is in; -1: it has been freed. */
const SLAB = 0
const START = 1
const KEY_BYTES = 2
/** Where its value is, from its start. */
const VALUE_AT = 3
const VALUE_BYTES = 4
const HASH = 5
const NAME_HASH = 6
const NEXT = 7
const NONE = -1

/** Where an entry's key and value are: one behind the other, as in a record. The bytes must stay what they are. */
export interface EntryRanges {
  bytes: Buffer
  keyStart: number
  keyEnd: number
  /** -1: there is no value. */
  valueStart: number
  valueEnd: number
}

/** Of an entry's key, and of the name in it. */
export interface EntryHashes {
  hash: number
  nameHash: number
}

/**
 * Entries as bytes: each a number, with its key and value in one of some large buffers, and what is known of it in one array of integers. There
 * is no object for an entry, so a garbage collector has nothing to look at, however many there are.
 *
 * The buffers are those that the entries came in, until most in them is garbage.
 */
export class EntrySlabs {
  #fields = new Int32Array(INITIAL_ENTRIES * FIELDS)
  readonly #slabs: (Buffer | undefined)[] = []
  /** Bytes in each slab that are not garbage. */
  readonly #liveIn: number[] = []
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
  add({ hash, nameHash }: EntryHashes, entry: EntryRanges): number {
    // Before there is a number: what is tidied is every number that is not free.
    const slab = this.#slabOf(entry.bytes)
    const number = this.#free.pop() ?? this.#newNumber()
    const at = number * FIELDS
    this.#fields[at + HASH] = hash
    this.#fields[at + NAME_HASH] = nameHash
    this.#place(number, slab, entry)
    return number
  }

  /** Gives an entry another value. */
  replace(number: number, entry: EntryRanges): void {
    // May tidy, and so move what is replaced.
    const to = this.#slabOf(entry.bytes)
    const from = this.#fields[number * FIELDS + SLAB]!
    const bytes = this.#bytesOf(number)
    this.#place(number, to, entry)
    // Last: where it is the only one in its slab, and the new value is in the same, the slab stays.
    this.#drop(from, bytes)
  }

  free(number: number): void {
    this.#release(number)
    this.#fields[number * FIELDS + SLAB] = NONE
    this.#free.push(number)
  }

  isFree(number: number): boolean {
    return this.#fields[number * FIELDS + SLAB] === NONE
  }

  hashOf(number: number): number {
    return this.#fields[number * FIELDS + HASH] as number
  }

  nameHashOf(number: number): number {
    return this.#fields[number * FIELDS + NAME_HASH] as number
  }

  /** The number that the entry has been linked to. */
  nextOf(number: number): number {
    return this.#fields[number * FIELDS + NEXT] as number
  }

  link(number: number, next: number): void {
    this.#fields[number * FIELDS + NEXT] = next
  }

  /** The entry's key, as a range of bytes that holds until the next change. */
  keyIn(number: number, into: ByteRange): void {
    const at = number * FIELDS
    const fields = this.#fields
    into.bytes = this.#slabs[fields[at + SLAB]!]!
    into.start = fields[at + START]!
    into.end = into.start + fields[at + KEY_BYTES]!
  }

  /** The entry's value, as a range of bytes that holds until the next change. */
  valueIn(number: number, into: ByteRange): void {
    const at = number * FIELDS
    const fields = this.#fields
    into.bytes = this.#slabs[fields[at + SLAB]!]!
    into.start = fields[at + START]! + fields[at + VALUE_AT]!
    into.end = into.start + fields[at + VALUE_BYTES]!
  }

  /**
   * Where most is garbage, puts what is not into slabs of its own; each of the others goes when nothing is left in it. To be called when
   * entries have been freed; those that are added see to it themselves.
   */
  tidy(): void {
    if (this.#heldBytes <= 2 * this.#liveBytes + TOLERATED_GARBAGE_BYTES) return
    const fields = this.#fields
    const [key, value] = [noBytes(), noBytes()]
    let slab = NONE
    let bytes = Buffer.alloc(0)
    let filled = 0
    for (let number = 0; number < this.#end; number++) {
      if (this.isFree(number)) continue
      this.keyIn(number, key)
      this.valueIn(number, value)
      const length = value.end - key.start
      if (filled + length > bytes.length) {
        bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length))
        slab = this.#newSlab(bytes)
        filled = 0
      }
      key.bytes.copy(bytes, filled, key.start, value.end)
      this.#release(number)
      const at = number * FIELDS
      fields[at + SLAB] = slab
      fields[at + START] = filled
      this.#liveIn[slab]! += length
      this.#liveBytes += length
      filled += length
    }
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

  /** The slab that some bytes are in: all of their memory, since it is held as a whole. Entries that come together are in the same one. */
  #slabOf({ buffer }: Buffer): number {
    const last = this.#slabs.length - 1
    if (this.#slabs[last]?.buffer === buffer) return last
    this.tidy()
    return this.#newSlab(Buffer.from(buffer))
  }

  #newSlab(slab: Buffer): number {
    this.#heldBytes += slab.length
    this.#liveIn.push(0)
    return this.#slabs.push(slab) - 1
  }

  #place(number: number, slab: number, { bytes, keyStart, keyEnd, valueStart, valueEnd }: EntryRanges): void {
    const at = number * FIELDS
    const fields = this.#fields
    fields[at + SLAB] = slab
    fields[at + START] = bytes.byteOffset + keyStart
    fields[at + KEY_BYTES] = keyEnd - keyStart
    fields[at + VALUE_AT] = valueStart - keyStart
    fields[at + VALUE_BYTES] = valueEnd - valueStart
    this.#liveIn[slab]! += valueEnd - keyStart
    this.#liveBytes += valueEnd - keyStart
  }

  #release(number: number): void {
    this.#drop(this.#fields[number * FIELDS + SLAB]!, this.#bytesOf(number))
  }

  #bytesOf(number: number): number {
    const at = number * FIELDS
    return this.#fields[at + VALUE_AT]! + this.#fields[at + VALUE_BYTES]!
  }

  /** So many bytes of a slab are garbage now. A slab of nothing else goes. */
  #drop(slab: number, bytes: number): void {
    this.#liveBytes -= bytes
    this.#liveIn[slab]! -= bytes
    if (this.#liveIn[slab]! > 0) return
    this.#heldBytes -= this.#slabs[slab]!.length
    this.#slabs[slab] = undefined
  }
}
