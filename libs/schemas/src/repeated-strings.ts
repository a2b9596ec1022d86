import avsc, { type Type } from 'avsc'

const SLOTS = 4_096
/** A longer string is decoded each time. */
const MAX_BYTES = 16

/** What avsc reads from, as its types see it. */
interface Tap {
  readonly buf: Buffer & { utf8Slice(start: number, end: number): string }
  pos: number
  readLong(): number
  readString(): string
}

/**
 * Avro's string, read into strings that were read lately: symbols and kinds of events come again with every record, and to find
 * one by its bytes costs a third of decoding it. Holds at most 4,096 strings of up to 16 bytes, in about 100 kB.
 */
export function repeatedStringType(): Type {
  const strings = new Array<string>(SLOTS).fill('')
  /** 0: the slot is empty. */
  const lengths = new Uint8Array(SLOTS)
  const known = new Uint8Array(SLOTS * MAX_BYTES)

  function isIn(slot: number, bytes: Buffer, start: number): boolean {
    const length = lengths[slot] as number
    for (let at = 0; at < length; at++) if (known[slot * MAX_BYTES + at] !== bytes[start + at]) return false
    return true
  }

  class RepeatedStringType extends avsc.types.StringType {
    /** avsc calls it with a type or a resolver as `this`. */
    _read(this: unknown, tap: Tap): string {
      const { pos, buf } = tap
      const length = tap.readLong()
      const start = tap.pos
      const end = start + length
      if (length <= 0 || length > MAX_BYTES || end > buf.length) {
        tap.pos = pos
        return tap.readString()
      }
      tap.pos = end
      let hash = length
      for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (buf[at] as number)) | 0
      const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1)
      if (lengths[slot] === length && isIn(slot, buf, start)) return strings[slot] as string
      const text = buf.utf8Slice(start, end)
      lengths[slot] = length
      strings[slot] = text
      for (let at = 0; at < length; at++) known[slot * MAX_BYTES + at] = buf[start + at] as number
      return text
    }
  }
  return new RepeatedStringType()
}
