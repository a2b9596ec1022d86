const SLOTS = 4_096
/** A longer key is decoded each time. */
const MAX_KEY_BYTES = 32
const MISSES_PER_REPLACEMENT = 8
const FNV_OFFSET = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193

/**
 * Keys as strings, found by their bytes: a key that was seen lately is the same string again, so that nothing is made for it, and
 * its hash for the maps that it is looked up in is known. Holds at most 4,096 keys of up to 32 bytes, in about 170 kB, each in one of two slots.
 */
export class KeyCache {
  readonly #keys = new Array<string>(SLOTS).fill('')
  /** 0: the slot is empty. */
  readonly #lengths = new Uint8Array(SLOTS)
  readonly #bytes = new Uint8Array(SLOTS * MAX_KEY_BYTES)
  #misses = 0

  /** The UTF-8 string in `bytes[start, end)`. */
  keyIn(bytes: Buffer, start: number, end: number): string {
    const length = end - start
    if (length > MAX_KEY_BYTES || length === 0) return bytes.toString('utf8', start, end)
    let hash = FNV_OFFSET
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME)
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    if (this.#lengths[slot] === length && this.#isIn(slot, bytes, start)) return this.#keys[slot] as string
    const other = slot ^ 1
    if (this.#lengths[other] === length && this.#isIn(other, bytes, start)) return this.#keys[other] as string
    const key = bytes.toString('utf8', start, end)
    const free = this.#lengths[slot] === 0 ? slot : other
    // Where there are more keys than slots, most are not worth the copy: one that comes often gets a place soon all the same.
    if (this.#lengths[free] !== 0 && this.#misses++ % MISSES_PER_REPLACEMENT !== 0) return key
    this.#lengths[free] = length
    this.#keys[free] = key
    this.#bytes.set(bytes.subarray(start, end), free * MAX_KEY_BYTES)
    return key
  }

  #isIn(slot: number, bytes: Buffer, start: number): boolean {
    const known = this.#bytes
    const base = slot * MAX_KEY_BYTES
    const length = this.#lengths[slot] as number
    for (let at = 0; at < length; at++) if (known[base + at] !== bytes[start + at]) return false
    return true
  }
}
