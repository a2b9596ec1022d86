import type { RecordCursor } from './record-batch.ts'

const INITIAL_ENTRIES = 1_024
const INITIAL_KEY_BYTES = 64 * 1024
const CHUNK_BYTES = 256 * 1024
/** Replaced values may take as much as the others, and this much more, before they are cleared away. */
const TOLERATED_GARBAGE_BYTES = 4 * 1024 * 1024
const FNV_OFFSET = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193
const GONE = -1
const OPEN = 0x5b
const CLOSE = 0x5d
const COMMA = 0x2c
const SPACE = 0x20
const ZERO = 0x30

/** Where a key and its value are; a value that starts at -1 says that the entry is gone. */
type EntryRanges = Pick<RecordCursor, 'bytes' | 'keyStart' | 'keyEnd' | 'valueStart' | 'valueEnd'>

interface Chunk {
  /** JSON texts, each behind a comma; room is left for one byte more. */
  readonly bytes: Buffer
  length: number
  /** Whose they are, in their order; -1: of an entry that has another value now, or none. */
  readonly entries: number[]
}

/** Numbers of entries, in arrays that a garbage collector need not look at. */
interface Columns {
  readonly hash: Int32Array
  readonly keyStart: Int32Array
  readonly keyEnd: Int32Array
  readonly chunk: Int32Array
  /** Which of its chunk's values it has. */
  readonly place: Int32Array
  readonly valueStart: Int32Array
  /** Room of the value, which a shorter one fills with spaces; at least 1. */
  readonly valueBytes: Int32Array
}

/**
 * Of each key the last JSON value, as bytes: what is left of a log that is compacted late. Makes no object for an entry, so that
 * reading millions of them is as fast as copying them.
 */
export class LastEntries {
  #columns = newColumns(INITIAL_ENTRIES)
  /** Where an entry is, by its key's hash: its number and one, or 0. Never more than half full. */
  #slots = new Int32Array(2 * INITIAL_ENTRIES)
  #keys = Buffer.allocUnsafe(INITIAL_KEY_BYTES)
  #keyBytes = 0
  #chunks: Chunk[] = []
  #count = 0
  #gone = 0
  #liveBytes = 0
  #garbageBytes = 0

  /** Entries that are not gone. */
  get size(): number {
    return this.#count - this.#gone
  }

  /** Takes the entry in that a cursor is at. */
  put(entry: EntryRanges): void {
    const hash = hashOf(entry)
    const slot = this.#slotOf(hash, entry)
    const known = (this.#slots[slot] as number) - 1
    if (entry.valueStart < 0) {
      if (known >= 0) this.#drop(known)
      return
    }
    if (known < 0) this.#add(hash, slot, entry)
    else this.#replace(known, entry)
  }

  /** Hands all entries over, once: some hundreds at a time, which are parsed together and then kept here no longer. */
  *batches(): Generator<{ readonly keys: readonly string[]; readonly values: readonly unknown[] }> {
    const { keyStart, keyEnd } = this.#columns
    const chunks = this.#chunks.reverse()
    for (let chunk = chunks.pop(); chunk !== undefined; chunk = chunks.pop()) {
      const { bytes, length, entries } = chunk
      bytes[0] = OPEN
      bytes[length] = CLOSE
      const values = JSON.parse(bytes.toString('utf8', 0, length + 1)) as unknown[]
      yield {
        keys: entries
          .filter((entry) => entry !== GONE)
          .map((entry) => this.#keys.toString('utf8', keyStart[entry], keyEnd[entry])),
        values: values.filter((_, at) => entries[at] !== GONE),
      }
    }
  }

  #add(hash: number, slot: number, entry: EntryRanges): void {
    const number = this.#count++
    const columns = this.#columns
    columns.hash[number] = hash
    columns.keyStart[number] = this.#keyBytes
    columns.keyEnd[number] = this.#keyBytes + entry.keyEnd - entry.keyStart
    this.#copyKey(entry)
    this.#slots[slot] = number + 1
    this.#append(number, entry)
    if (this.#count === columns.hash.length) this.#grow()
  }

  #copyKey({ bytes, keyStart, keyEnd }: EntryRanges): void {
    const end = this.#keyBytes + keyEnd - keyStart
    if (end > this.#keys.length) {
      const grown = Buffer.allocUnsafe(2 * end)
      this.#keys.copy(grown, 0, 0, this.#keyBytes)
      this.#keys = grown
    }
    bytes.copy(this.#keys, this.#keyBytes, keyStart, keyEnd)
    this.#keyBytes = end
  }

  #replace(number: number, entry: EntryRanges): void {
    const { valueBytes, valueStart, chunk } = this.#columns
    const room = valueBytes[number] as number
    const length = entry.valueEnd - entry.valueStart
    if (room === GONE) this.#gone--
    else if (length <= room) {
      const { bytes } = this.#chunks[chunk[number] as number] as Chunk
      const start = valueStart[number] as number
      entry.bytes.copy(bytes, start, entry.valueStart, entry.valueEnd)
      bytes.fill(SPACE, start + length, start + room)
      return
    } else this.#discard(number)
    this.#append(number, entry)
    this.#clear()
  }

  #drop(number: number): void {
    if (this.#columns.valueBytes[number] === GONE) return
    this.#discard(number)
    this.#columns.valueBytes[number] = GONE
    this.#gone++
    this.#clear()
  }

  #append(number: number, { bytes, valueStart, valueEnd }: EntryRanges): void {
    const room = Math.max(1, valueEnd - valueStart)
    let chunk = this.#chunks.at(-1)
    if (chunk === undefined || chunk.length + 1 + room + 1 > chunk.bytes.length) {
      chunk = { bytes: Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, room + 2)), length: 0, entries: [] }
      this.#chunks.push(chunk)
    }
    const columns = this.#columns
    columns.chunk[number] = this.#chunks.length - 1
    columns.place[number] = chunk.entries.length
    columns.valueStart[number] = chunk.length + 1
    columns.valueBytes[number] = room
    chunk.bytes[chunk.length] = COMMA
    chunk.bytes[chunk.length + 1] = SPACE
    bytes.copy(chunk.bytes, chunk.length + 1, valueStart, valueEnd)
    chunk.length += 1 + room
    chunk.entries.push(number)
    this.#liveBytes += room
  }

  /** Where an entry's value was, its chunk gets one of nobody's, so that it can still be parsed as a whole. */
  #discard(number: number): void {
    const { chunk, place, valueStart, valueBytes } = this.#columns
    const { bytes, entries } = this.#chunks[chunk[number] as number] as Chunk
    const start = valueStart[number] as number
    const room = valueBytes[number] as number
    bytes[start] = ZERO
    bytes.fill(SPACE, start + 1, start + room)
    entries[place[number] as number] = GONE
    this.#liveBytes -= room
    this.#garbageBytes += room
  }

  #clear(): void {
    if (this.#garbageBytes > this.#liveBytes + TOLERATED_GARBAGE_BYTES) this.#rebuild()
  }

  /** Makes room for as many entries again. Where half of them are gone, clearing those away is enough. */
  #grow(): void {
    if (2 * this.#gone > this.#count) return this.#rebuild()
    this.#columns = newColumns(2 * this.#count, this.#columns)
    this.#slots = new Int32Array(4 * this.#count)
    for (let number = 0; number < this.#count; number++) {
      let slot = (this.#columns.hash[number] as number) & (this.#slots.length - 1)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (this.#slots.length - 1)
      this.#slots[slot] = number + 1
    }
  }

  /** Puts all entries anew, without what was replaced and what is gone. */
  #rebuild(): void {
    const [columns, keys, chunks, count] = [this.#columns, this.#keys, this.#chunks, this.#count]
    this.#columns = newColumns(columns.hash.length)
    this.#slots = new Int32Array(this.#slots.length)
    this.#keys = Buffer.allocUnsafe(keys.length)
    this.#chunks = []
    this.#keyBytes = this.#count = this.#gone = this.#liveBytes = this.#garbageBytes = 0
    for (let number = 0; number < count; number++) {
      const valueBytes = columns.valueBytes[number] as number
      if (valueBytes === GONE) continue
      const key = keys.subarray(columns.keyStart[number], columns.keyEnd[number])
      const start = columns.valueStart[number] as number
      const value = (chunks[columns.chunk[number] as number] as Chunk).bytes.subarray(start, start + valueBytes)
      const ends = { keyEnd: key.length, valueEnd: key.length + value.length }
      this.put({ bytes: Buffer.concat([key, value]), keyStart: 0, valueStart: key.length, ...ends })
    }
  }

  /** The slot of an entry's key: where it is, or where it would be. */
  #slotOf(hash: number, { bytes, keyStart, keyEnd }: EntryRanges): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hash & mask
    for (let taken = slots[slot] as number; taken !== 0; taken = slots[slot] as number) {
      const knownStart = this.#columns.keyStart[taken - 1] as number
      const knownEnd = this.#columns.keyEnd[taken - 1] as number
      const isSame =
        this.#columns.hash[taken - 1] === hash &&
        knownEnd - knownStart === keyEnd - keyStart &&
        this.#keys.compare(bytes, keyStart, keyEnd, knownStart, knownEnd) === 0
      if (isSame) break
      slot = (slot + 1) & mask
    }
    return slot
  }
}

function newColumns(entries: number, from?: Columns): Columns {
  const column = (old: Int32Array | undefined) => {
    const made = new Int32Array(entries)
    if (old !== undefined) made.set(old)
    return made
  }
  return {
    hash: column(from?.hash),
    keyStart: column(from?.keyStart),
    keyEnd: column(from?.keyEnd),
    chunk: column(from?.chunk),
    place: column(from?.place),
    valueStart: column(from?.valueStart),
    valueBytes: column(from?.valueBytes),
  }
}

/** FNV-1a, whose lower bits are mixed again, since they are what a slot is chosen by. */
function hashOf({ bytes, keyStart, keyEnd }: EntryRanges): number {
  let hash = FNV_OFFSET
  for (let at = keyStart; at < keyEnd; at++) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME)
  return hash ^ (hash >>> 15)
}
