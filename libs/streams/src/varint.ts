const MAX_INT32 = 0x7fffffff

/** A moving position in a buffer. */
export interface VarintCursor {
  position: number
}

/** Reads a zigzag varint of up to 32 bits, moving the cursor behind it. */
export function readVarint(bytes: Buffer, at: VarintCursor): number {
  let byte = bytes[at.position++] ?? truncated()
  let raw = byte & 0x7f
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift > 28) throw new RangeError('varint of more than five bytes')
    byte = bytes[at.position++] ?? truncated()
    raw |= (byte & 0x7f) << shift
  }
  return (raw >>> 1) ^ -(raw & 1)
}

/**
 * Reads a zigzag varint of up to 64 bits as a number. Exact up to 2^53: offsets, timestamps and their deltas are below it;
 * a larger one is an error rather than a rounded figure.
 */
export function readVarlong(bytes: Buffer, at: VarintCursor): number {
  let byte = bytes[at.position++] ?? truncated()
  if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
  let raw = byte & 0x7f
  let scale = 128
  while (byte >= 0x80) {
    byte = bytes[at.position++] ?? truncated()
    raw += (byte & 0x7f) * scale
    scale *= 128
  }
  if (raw > Number.MAX_SAFE_INTEGER) throw new RangeError('varint beyond 2^53')
  return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
}

/** Writes a zigzag varint of a safe integer and returns the position behind it. The buffer must have room for 8 bytes. */
export function writeVarint(into: Buffer, position: number, value: number): number {
  let raw = value >= 0 ? value * 2 : -value * 2 - 1
  while (raw > MAX_INT32) {
    into[position++] = (raw % 0x80) | 0x80
    raw = Math.floor(raw / 0x80)
  }
  let low = raw | 0 // from here on the arithmetic of integers, which is several times as fast
  while (low >= 0x80) {
    into[position++] = (low & 0x7f) | 0x80
    low >>= 7
  }
  into[position++] = low
  return position
}

/** How many bytes `writeVarint` takes for a value. */
export function varintLength(value: number): number {
  let raw = value >= 0 ? value * 2 : -value * 2 - 1
  let length = 1
  while (raw > MAX_INT32) {
    raw = Math.floor(raw / 0x80)
    length++
  }
  for (let low = raw | 0; low >= 0x80; low >>= 7) length++
  return length
}

function truncated(): never {
  throw new RangeError('varint cut off by the end of the batch')
}
