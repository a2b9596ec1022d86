import type { ChangedEntry, DormantEntries } from '@tidemark/windowing'
import { behindFirst, hashOf, isSame, noBytes, slotOf, textOf, type ByteRange } from './byte-range.ts'
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

  /** Takes the entries over. */
  constructor(slabs: EntrySlabs) {
    this.#slabs = slabs
    let slots = 2
    while (slots < 2 * slabs.size) slots *= 2
    this.#slots = new Int32Array(slots)
    for (let entry = 0; entry < slabs.end; entry++) if (!slabs.isFree(entry)) this.#link(entry)
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
    const key = this.#known
    this.#slabs.keyIn(entry, key)
    const { bytes } = key
    const end = behindFirst(COLON, key) - 1
    if (end <= key.start) throw new Error(`state entry ${textOf(key)}: not the key of a window or of a key's own state`)
    const isNegative = bytes[key.start + 1] === MINUS
    let number = 0
    for (let at = key.start + (isNegative ? 2 : 1); at < end; at++) number = 10 * number + (bytes[at]! - ZERO)
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
    const taken = entries.map((entry) => this.#take(entry))
    this.#slabs.tidy()
    return taken
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
    into.start = behindFirst(COLON, into)
  }

  /** Puts an entry with those of its name. */
  #link(entry: number): void {
    const slots = this.#slots
    const hash = this.#slabs.nameHashOf(entry)
    let slot = slotOf(hash, slots.length)
    for (let first = slots[slot]!; first !== EMPTY; first = slots[slot]!) {
      if (this.#slabs.nameHashOf(first - 1) === hash) {
        this.#nameIn(entry, this.#name)
        this.#nameIn(first - 1, this.#known)
        if (isSame(this.#known, this.#name)) break
      }
      slot = (slot + 1) & (slots.length - 1)
    }
    this.#slabs.link(entry, slots[slot]! - 1)
    slots[slot] = entry + 1
  }

  /** The slot of a name: where it is, or where it would be. */
  #slotNamed(name: string): number {
    const slots = this.#slots
    const bytes = Buffer.from(name)
    const range = { bytes, start: 0, end: bytes.length }
    const hash = hashOf(range)
    let slot = slotOf(hash, slots.length)
    for (let first = slots[slot]!; first !== EMPTY; first = slots[slot]!) {
      if (first !== TAKEN && this.#slabs.nameHashOf(first - 1) === hash) {
        this.#nameIn(first - 1, this.#known)
        if (isSame(this.#known, range)) break
      }
      slot = (slot + 1) & (slots.length - 1)
    }
    return slot
  }
}
