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

/** FNV-1a, whose lower bits are mixed again, since they are what a slot is chosen by. */
export function hashOf({ bytes, start, end }: ByteRange): number {
  let hash = FNV_OFFSET
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME)
  return hash ^ (hash >>> 15)
}
