const SLOTS = 4_096
/** A longer key is decoded each time: it hardly repeats, and comparing it costs as much. */
const MAX_KEY_BYTES = 64
const MISSES_PER_REPLACEMENT = 8
const FNV_OFFSET = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193

interface CachedKey {
  readonly bytes: Buffer
  readonly key: string
}

/**
 * Keys as strings, found by their bytes: a key that was seen lately is the same string again, so that nothing is made for it, and
 * its hash for the maps that it is looked up in is known. Holds at most 4,096 keys of up to 64 bytes; one in the slot of another takes its place in the end.
 */
export class KeyCache {
  #misses = 0
  readonly #slots = new Array<CachedKey | undefined>(SLOTS)

  /** The UTF-8 string in `bytes[start, end)`. */
  keyIn(bytes: Buffer, start: number, end: number): string {
    const length = end - start
    if (length > MAX_KEY_BYTES) return bytes.toString('utf8', start, end)
    let hash = FNV_OFFSET
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME)
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    const cached = this.#slots[slot]
    if (cached?.bytes.length === length && isAt(cached.bytes, bytes, start)) return cached.key
    const key = bytes.toString('utf8', start, end)
    // Where there are more keys than slots, most are not worth the copy: one that comes often takes its place soon all the same.
    if (cached !== undefined && this.#misses++ % MISSES_PER_REPLACEMENT !== 0) return key
    this.#slots[slot] = { bytes: Buffer.from(bytes.subarray(start, end)), key }
    return key
  }
}

function isAt(known: Buffer, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false
  return true
}
