import type { ChangedEntry, DormantEntries } from '@tidemark/windowing'
import { hashOf, isSame, noBytes, textOf, type ByteRange } from './byte-range.ts'
import type { EntrySlabs } from './entry-slabs.ts'

const COLON = 0x3a
const MINUS = 0x2d
const ZERO = 0x30
/** In a slot: nothing was ever here. */
const EMPTY = 0
/** In a slot: the name that was here has been taken. */
const TAKEN = -1
const NO_ENTRY = -1

/** Entries that stay bytes until they are taken, found by the names in their keys. */
export class SleepingEntries implements DormantEntries {
  readonly #slabs: EntrySlabs
  /** Where a name is, by its hash: the number of one of its entries, and one. The others are linked to it. At most half full. */
  readonly #slots: Int32Array
  readonly #name = noBytes()
  readonly #known = noBytes()

  /** Takes the entries over. Throws an Error where the key of one has no name. */
  constructor(slabs: EntrySlabs) {
    this.#slabs = slabs
    let slots = 2
    while (slots < 2 * slabs.size) slots *= 2
    this.#slots = new Int32Array(slots)
    for (const entry of this.all()) {
      this.#nameIn(entry, this.#name)
      const hash = hashOf(this.#name)
      const slot = this.#slotOf(hash, this.#name)
      slabs.link(entry, hash, (this.#slots[slot] as number) - 1)
      this.#slots[slot] = entry + 1
    }
  }

  get size(): number {
    return this.#slabs.size
  }

  *all(): Iterable<number> {
    const { end } = this.#slabs
    for (let entry = 0; entry < end; entry++) if (!this.#slabs.isFree(entry)) yield entry
  }

  isTaken(entry: number): boolean {
    return this.#slabs.isFree(entry)
  }

  kindOf(entry: number): string {
    this.#slabs.keyIn(entry, this.#known)
    return String.fromCharCode(this.#known.bytes[this.#known.start] as number)
  }

  numberOf(entry: number): number {
    this.#slabs.keyIn(entry, this.#known)
    const { bytes, start } = this.#known
    const isNegative = bytes[start + 1] === MINUS
    let number = 0
    for (let at = start + (isNegative ? 2 : 1); bytes[at] !== COLON; at++) {
      number = 10 * number + ((bytes[at] as number) - ZERO)
    }
    return isNegative ? -number : number
  }

  nameOf(entry: number): string {
    this.#nameIn(entry, this.#known)
    return textOf(this.#known)
  }

  entriesOf(name: string): number[] {
    const entries: number[] = []
    let entry = (this.#slots[this.#slotNamed(name)] as number) - 1
    for (; entry !== NO_ENTRY; entry = this.#slabs.nextOf(entry)) entries.push(entry)
    return entries
  }

  take(name: string): ChangedEntry[] {
    const entries = this.entriesOf(name)
    if (entries.length > 0) this.#slots[this.#slotNamed(name)] = TAKEN
    return entries.map((entry) => this.#take(entry))
  }

  #take(entry: number): ChangedEntry {
    this.#slabs.keyIn(entry, this.#known)
    const key = textOf(this.#known)
    this.#slabs.valueIn(entry, this.#known)
    const data = JSON.parse(textOf(this.#known)) as unknown
    this.#slabs.free(entry)
    return [key, data]
  }

  #nameIn(entry: number, into: ByteRange): void {
    this.#slabs.keyIn(entry, into)
    const { bytes, start, end } = into
    while (into.start < end && bytes[into.start] !== COLON) into.start++
    if (into.start++ < end) return
    throw new Error(
      `state entry ${bytes.toString('utf8', start, end)}: not the key of a window or of a key's own state`,
    )
  }

  #slotNamed(name: string): number {
    const bytes = Buffer.from(name)
    const range = { bytes, start: 0, end: bytes.length }
    return this.#slotOf(hashOf(range), range)
  }

  /** The slot of a name: where it is, or where it would be. */
  #slotOf(hash: number, name: ByteRange): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hash & mask
    for (let taken = slots[slot] as number; taken !== EMPTY; taken = slots[slot] as number) {
      if (taken !== TAKEN && this.#slabs.hashOf(taken - 1) === hash) {
        this.#nameIn(taken - 1, this.#known)
        if (isSame(this.#known, name)) break
      }
      slot = (slot + 1) & mask
    }
    return slot
  }
}
