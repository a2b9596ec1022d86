const INITIAL_BYTES = 512
const TWO_TO_32 = 0x1_0000_0000

/** Writes the primitive types of Kafka's protocol into one growing buffer. */
export class ByteWriter {
  #buffer: Buffer
  #length = 0

  /** `expectedBytes` saves growing where the size is known; it is no limit. */
  constructor(expectedBytes = INITIAL_BYTES) {
    this.#buffer = Buffer.allocUnsafe(expectedBytes)
  }

  /** What was written so far, as a view that the next write may leave behind. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  get length(): number {
    return this.#length
  }

  bool(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  int8(value: number): this {
    const at = this.#advance(1)
    this.#buffer.writeInt8(value, at)
    return this
  }

  int16(value: number): this {
    const at = this.#advance(2)
    this.#buffer.writeInt16BE(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.#advance(4)
    this.#buffer.writeInt32BE(value, at)
    return this
  }

  uint32(value: number): this {
    const at = this.#advance(4)
    this.#buffer.writeUInt32BE(value, at)
    return this
  }

  /** Takes any safe integer. */
  int64(value: number): this {
    const high = Math.floor(value / TWO_TO_32)
    const at = this.#advance(8)
    this.#buffer.writeInt32BE(high, at)
    this.#buffer.writeUInt32BE(value - high * TWO_TO_32, at + 4)
    return this
  }

  /** Null has the length -1. */
  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const length = Buffer.byteLength(value)
    this.int16(length)
    const at = this.#advance(length)
    this.#buffer.write(value, at, length, 'utf8')
    return this
  }

  /** A length and the bytes; null has the length -1. */
  sizedBytes(value: Buffer | null): this {
    if (value === null) return this.int32(-1)
    return this.int32(value.length).raw(value)
  }

  /** The bytes alone. */
  raw(value: Buffer): this {
    const at = this.#advance(value.length)
    value.copy(this.#buffer, at)
    return this
  }

  array<T>(elements: readonly T[], write: (element: T, writer: ByteWriter) => void): this {
    this.int32(elements.length)
    for (const element of elements) write(element, this)
    return this
  }

  /** Seven bits a byte, the lowest first. */
  unsignedVarint(value: number): this {
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) this.#byte((rest & 0x7f) | 0x80)
    return this.#byte(rest)
  }

  /** In the flexible versions: one more than the length comes first, and 0 stands for null. */
  compactString(value: string | null): this {
    if (value === null) return this.unsignedVarint(0)
    const bytes = Buffer.from(value)
    return this.unsignedVarint(bytes.length + 1).raw(bytes)
  }

  compactArray<T>(elements: readonly T[], write: (element: T, writer: ByteWriter) => void): this {
    this.unsignedVarint(elements.length + 1)
    for (const element of elements) write(element, this)
    return this
  }

  /** Where a flexible version could have tagged fields: none. */
  noTags(): this {
    return this.unsignedVarint(0)
  }

  /** Puts a value into four bytes that were written before: a length or checksum known only now. */
  uint32At(position: number, value: number): this {
    this.#buffer.writeUInt32BE(value, position)
    return this
  }

  #byte(value: number): this {
    const at = this.#advance(1)
    this.#buffer.writeUInt8(value, at)
    return this
  }

  /** Makes room, in another buffer where it has to: `#buffer` is looked at after this, not before. */
  #advance(length: number): number {
    const at = this.#length
    const needed = at + length
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, at)
      this.#buffer = grown
    }
    this.#length = needed
    return at
  }
}
