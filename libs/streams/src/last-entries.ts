import { behindFirst, hashOf, isSame, noBytes, slotOf, textOf, type ByteRange } from './byte-range.ts'
import { EntrySlabs, type EntryHashes, type EntryRanges } from './entry-slabs.ts'
import { SleepingEntries } from './sleeping-entries.ts'

const INITIAL_SLOTS = 2_048
/** Parsed together, which takes less time than each by itself. */
const BATCH_ENTRIES = 512
/** Ends what stands before the name in a key. */
const COLON = 0x3a
const OPEN = 0x5b
const CLOSE = 0x5d
const COMMA = 0x2c

/**
 * Of each key the last JSON value, as bytes: what is left of a log that is compacted late. Makes no object for an entry, and copies none:
 * a million of them are a million hashes.
 */
export class LastEntries {
  readonly #slabs = new EntrySlabs()
  /** Where an entry is, by its key's hash: its number and one, or 0. Never more than half full. */
  #slots = new Int32Array(INITIAL_SLOTS)
  readonly #key = noBytes()
  readonly #known = noBytes()
  readonly #hashes: EntryHashes = { hash: 0, nameHash: 0 }

  /** Entries that are not gone. */
  get size(): number {
    return this.#slabs.size
  }

  /** Takes the entry in that a cursor is at. */
  put(entry: EntryRanges): void {
    const { bytes, keyStart, keyEnd } = entry
    const key = this.#key
    const hashes = this.#hashes
    key.bytes = bytes
    key.end = keyEnd
    key.start = keyStart
    const nameStart = (key.start = behindFirst(COLON, key))
    hashes.nameHash = hashOf(key)
    key.start = keyStart
    key.end = nameStart
    hashes.hash = hashOf(key, hashes.nameHash)
    key.end = keyEnd
    const slot = this.#slotOf(hashes.hash, key)
    const known = (this.#slots[slot] as number) - 1
    if (entry.valueStart < 0) {
      if (known >= 0) this.#remove(slot, known)
    } else if (known >= 0) this.#slabs.replace(known, entry)
    else {
      this.#slots[slot] = this.#slabs.add(hashes, entry) + 1
      if (2 * this.#slabs.size > this.#slots.length) this.#grow()
    }
  }

  /** Hands all entries over, once: some hundreds at a time, which are parsed together and then kept here no longer. */
  *batches(): Generator<{ readonly keys: readonly string[]; readonly values: readonly unknown[] }> {
    const slabs = this.#slabs
    const { end } = slabs
    for (let number = 0; number < end;) {
      const batch: number[] = []
      for (; number < end && batch.length < BATCH_ENTRIES; number++) if (!slabs.isFree(number)) batch.push(number)
      const parsed = { keys: batch.map((each) => this.#keyOf(each)), values: this.#parse(batch) }
      for (const each of batch) slabs.free(each)
      yield parsed
    }
  }

  /** Hands all entries over, once, as they are. */
  asleep(): SleepingEntries {
    return new SleepingEntries(this.#slabs)
  }

  #keyOf(number: number): string {
    this.#slabs.keyIn(number, this.#key)
    return textOf(this.#key)
  }

  #parse(numbers: readonly number[]): unknown[] {
    const value = noBytes()
    let length = 1
    for (const number of numbers) {
      this.#slabs.valueIn(number, value)
      length += value.end - value.start + 1
    }
    const text = Buffer.allocUnsafe(Math.max(2, length))
    let at = 0
    for (const number of numbers) {
      this.#slabs.valueIn(number, value)
      text[at] = at === 0 ? OPEN : COMMA
      at += 1 + value.bytes.copy(text, at + 1, value.start, value.end)
    }
    if (at === 0) text[at++] = OPEN
    text[at] = CLOSE
    return JSON.parse(text.toString()) as unknown[]
  }

  /** Takes an entry out. Those that were put behind its slot, because it was taken, move up. */
  #remove(slot: number, number: number): void {
    this.#slabs.free(number)
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = slot
    for (let next = (hole + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const wanted = slotOf(this.#slabs.hashOf((slots[next] as number) - 1), slots.length)
      if (((next - wanted) & mask) < ((next - hole) & mask)) continue
      slots[hole] = slots[next] as number
      hole = next
    }
    slots[hole] = 0
  }

  #grow(): void {
    const slots = new Int32Array(2 * this.#slots.length)
    const mask = slots.length - 1
    for (let number = 0; number < this.#slabs.end; number++) {
      if (this.#slabs.isFree(number)) continue
      let slot = slotOf(this.#slabs.hashOf(number), slots.length)
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number + 1
    }
    this.#slots = slots
  }

  /** The slot of a key: where it is, or where it would be. */
  #slotOf(hash: number, key: ByteRange): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = slotOf(hash, slots.length)
    for (let taken = slots[slot] as number; taken !== 0; taken = slots[slot] as number) {
      if (this.#slabs.hashOf(taken - 1) === hash) {
        this.#slabs.keyIn(taken - 1, this.#known)
        if (isSame(this.#known, key)) break
      }
      slot = (slot + 1) & mask
    }
    return slot
  }
}
