const TWO_TO_32 = 0x1_0000_0000

/**
 * Reads the primitive types of Kafka's protocol from a response. Byte fields are views, not
 * copies. Throws a RangeError where the response ends too early, or a length says so.
 */
export class ByteReader {
  readonly bytes: Buffer
  position = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return this.bytes.readInt8(this.#advance(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#advance(4))
  }

  /** As a number: exact up to 2^53, which offsets, times and producer ids stay below. */
  int64(): number {
    const at = this.#advance(8)
    return this.bytes.readInt32BE(at) * TWO_TO_32 + this.bytes.readUInt32BE(at + 4)
  }

  string(): string {
    return this.nullableString() ?? ''
  }

  nullableString(): string | null {
    const length = this.int16()
    if (length < 0) return null
    const start = this.#advance(length)
    return this.bytes.toString('utf8', start, start + length)
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    if (length < 0) return null
    const start = this.#advance(length)
    return this.bytes.subarray(start, start + length)
  }

  /** A null array reads as an empty one. */
  array<T>(element: (reader: ByteReader) => T): T[] {
    return this.#elements(this.int32(), element)
  }

  /** Seven bits a byte, the lowest first; at most 32 of them. */
  unsignedVarint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.bytes.readUInt8(this.#advance(1))
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new RangeError(`a varint at ${this.position - 5} does not end`)
  }

  /** In the flexible versions; null reads as an empty one. */
  compactString(): string {
    const length = this.unsignedVarint() - 1
    if (length <= 0) return ''
    const start = this.#advance(length)
    return this.bytes.toString('utf8', start, start + length)
  }

  compactArray<T>(element: (reader: ByteReader) => T): T[] {
    return this.#elements(this.unsignedVarint() - 1, element)
  }

  /** Skips the tagged fields of a flexible version: none of them is known here. */
  skipTags(): void {
    const count = this.unsignedVarint()
    for (let index = 0; index < count; index++) {
      this.unsignedVarint()
      this.#advance(this.unsignedVarint())
    }
  }

  get remaining(): number {
    return this.bytes.length - this.position
  }

  #elements<T>(count: number, element: (reader: ByteReader) => T): T[] {
    if (count > this.bytes.length - this.position) {
      throw new RangeError(`an array of ${count} elements does not fit in the ${this.bytes.length} bytes it is part of`)
    }
    const elements: T[] = []
    for (let index = 0; index < count; index++) elements.push(element(this))
    return elements
  }

  #advance(length: number): number {
    const at = this.position
    if (at + length > this.bytes.length) {
      throw new RangeError(`${length} bytes at ${at} run over the end at ${this.bytes.length}`)
    }
    this.position = at + length
    return at
  }
}
