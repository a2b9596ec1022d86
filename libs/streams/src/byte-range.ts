const FNV_OFFSET = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193
const NO_BYTES = Buffer.alloc(0)

/** `bytes[start, end)`. One object serves many ranges, where there are millions of them. */
export interface ByteRange {
  bytes: Buffer
  start: number
  end: number
}

export function noBytes(): ByteRange {
  return { bytes: NO_BYTES, start: 0, end: 0 }
}

export function textOf({ bytes, start, end }: ByteRange): string {
  return bytes.toString('utf8', start, end)
}

export function isSame(one: ByteRange, other: ByteRange): boolean {
  if (one.end - one.start !== other.end - other.start) return false
  let place = other.start
  for (let at = one.start; at < one.end; at++) if (one.bytes[at] !== other.bytes[place++]) return false
  return true
}

/** Where what follows the first of some byte begins; the start where there is none. */
export function behindFirst(byte: number, { bytes, start, end }: ByteRange): number {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at + 1
  return start
}

/** FNV-1a of some bytes, going on from the hash of those before them. */
export function hashOf({ bytes, start, end }: ByteRange, before = FNV_OFFSET): number {
  let hash = before
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME)
  return hash
}

/** A slot of a table that has a power of two of them. The lower bits of a hash are not enough. */
export function slotOf(hash: number, slots: number): number {
  return (hash ^ (hash >>> 15)) & (slots - 1)
}
