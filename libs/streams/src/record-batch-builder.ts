import type { Codec } from './codec.ts'
import type { OutputBatch } from './ports.ts'
import type { Header } from './record-batch.ts'
import { varintLength, writeVarint } from './varint.ts'

const INITIAL_BYTES = 16 * 1024
/** More than a varint, a flag byte and a varint ever take, for the fixed parts of a record. */
const FIXED_PARTS_BYTES = 64
/** Above it a call costs less than a loop. */
const MAX_LOOPED_BYTES = 32

/** A record's parts, as bytes. `valueBytes[0, valueLength)` is the value; a length of -1 stands for null. */
export interface RecordParts {
  readonly key: Buffer | null
  readonly valueBytes: Buffer
  readonly valueLength: number
  readonly timestampMs: number
  readonly headers?: readonly Header[]
}

/** A record's value, still to be encoded, and what goes with it. */
export interface EncodableRecord<T> {
  readonly value: T
  readonly codec: Codec<T>
  readonly timestampMs: number
  readonly headers?: readonly Header[]
}

/** Writes records one after the other into one buffer, in the record format of Kafka's batches (v2). */
export class RecordBatchBuilder {
  readonly topic: string
  readonly partition: number
  count = 0
  #buffer: Buffer
  #length = 0
  #baseTimestampMs = 0
  #maxTimestampMs = 0
  /** Of the last value that was encoded: the next one is probably about as long. */
  #valueLength = 0

  /** Begins with the buffer that is given, and goes on with a larger one when it is full. */
  constructor(topic: string, partition: number, buffer: Buffer = Buffer.allocUnsafe(INITIAL_BYTES)) {
    this.topic = topic
    this.partition = partition
    this.#buffer = buffer
  }

  /** To be used for another batch when this one is not needed any more. */
  get buffer(): Buffer {
    return this.#buffer
  }

  get byteLength(): number {
    return this.#length
  }

  append(record: RecordParts): void {
    const { key, valueBytes, valueLength, timestampMs } = record
    const headers = encodeHeaders(record.headers)
    const timestampDelta = this.#deltaOf(timestampMs)
    const bytesBefore = this.#bytesBeforeValue(timestampDelta, key, valueLength)
    const bodyLength = bytesBefore + Math.max(valueLength, 0) + headers.length
    this.#reserve(bodyLength + FIXED_PARTS_BYTES)
    let position = writeVarint(this.#buffer, this.#length, bodyLength)
    position = this.#writeBeforeValue(position, key, { timestampDelta, valueLength })
    if (valueLength > 0) position += valueBytes.copy(this.#buffer, position, 0, valueLength)
    this.#end(position, headers, timestampMs)
  }

  /** Encodes a value straight to its place in the batch. Throws what the codec throws, and then takes nothing in. */
  appendValue<T>(key: Buffer | null, record: EncodableRecord<T>): void {
    const { codec, value, timestampMs } = record
    const headers = encodeHeaders(record.headers)
    const timestampDelta = this.#deltaOf(timestampMs)
    // What stands before the value says how long it is. It is encoded where it belongs if it is about as long as the last one, and else moved there.
    const keyBytes = key === null ? 0 : key.length
    this.#reserve(FIXED_PARTS_BYTES + keyBytes + this.#valueLength + headers.length)
    const guessed = this.#bytesBeforeValue(timestampDelta, key, this.#valueLength)
    const valueAt = this.#length + guessed + varintLength(guessed + this.#valueLength + headers.length)
    const valueLength = this.#encode(codec, value, valueAt) - valueAt
    this.#valueLength = valueLength
    this.#reserve(FIXED_PARTS_BYTES + keyBytes + valueLength + headers.length)
    const bytesBefore = this.#bytesBeforeValue(timestampDelta, key, valueLength)
    const bodyLength = bytesBefore + valueLength + headers.length
    const placeOfValue = this.#length + varintLength(bodyLength) + bytesBefore
    if (placeOfValue !== valueAt) this.#buffer.copyWithin(placeOfValue, valueAt, valueAt + valueLength)
    const position = writeVarint(this.#buffer, this.#length, bodyLength)
    this.#writeBeforeValue(position, key, { timestampDelta, valueLength })
    this.#end(placeOfValue + valueLength, headers, timestampMs)
  }

  /** The batch so far, as a view over the builder's buffer: valid until the next `append` or `reset`. */
  batch(): OutputBatch {
    return {
      topic: this.topic,
      partition: this.partition,
      count: this.count,
      baseTimestampMs: this.#baseTimestampMs,
      maxTimestampMs: this.#maxTimestampMs,
      records: this.#buffer.subarray(0, this.#length),
    }
  }

  /** Empties the builder, keeping its buffer. */
  reset(): void {
    this.count = 0
    this.#length = 0
  }

  #deltaOf(timestampMs: number): number {
    return this.count === 0 ? 0 : timestampMs - this.#baseTimestampMs
  }

  /** Of a record's body: attributes, the lengths and numbers, and the key. */
  #bytesBeforeValue(timestampDelta: number, key: Buffer | null, valueLength: number): number {
    const keyBytes = key === null ? varintLength(-1) : varintLength(key.length) + key.length
    return 1 + varintLength(timestampDelta) + varintLength(this.count) + keyBytes + varintLength(valueLength)
  }

  #writeBeforeValue(
    start: number,
    key: Buffer | null,
    { timestampDelta, valueLength }: { timestampDelta: number; valueLength: number },
  ): number {
    const into = this.#buffer
    into[start] = 0
    let position = writeVarint(into, start + 1, timestampDelta)
    position = writeVarint(into, position, this.count)
    position = writeVarint(into, position, key === null ? -1 : key.length)
    if (key !== null) position += copyInto(into, position, key)
    return writeVarint(into, position, valueLength)
  }

  /** Writes the headers behind the value, which makes the record one of the batch. */
  #end(position: number, headers: Buffer, timestampMs: number): void {
    this.#length = position + copyInto(this.#buffer, position, headers)
    if (this.count === 0) this.#baseTimestampMs = timestampMs
    if (this.count === 0 || timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
    this.count++
  }

  /** Returns the position behind the value. */
  #encode<T>(codec: Codec<T>, value: T, position: number): number {
    for (;;) {
      const end = codec.encode(value, this.#buffer, position)
      if (end >= 0) return end
      this.#grow(this.#buffer.length - end)
    }
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes > this.#buffer.length) this.#grow(this.#length + bytes)
  }

  /** Keeps all of the buffer: a value may stand behind its length already. */
  #grow(neededBytes: number): void {
    const grown = Buffer.allocUnsafe(Math.max(neededBytes, this.#buffer.length * 2))
    this.#buffer.copy(grown)
    this.#buffer = grown
  }
}

const NO_HEADERS = Buffer.from([0])

function encodeHeaders(headers: readonly Header[] | undefined): Buffer {
  if (headers === undefined || headers.length === 0) return NO_HEADERS
  const keys = headers.map(({ key }) => Buffer.from(key))
  let size = FIXED_PARTS_BYTES
  for (const [index, { value }] of headers.entries()) {
    size += 2 * FIXED_PARTS_BYTES + (keys[index]?.length ?? 0) + (value?.length ?? 0)
  }
  const bytes = Buffer.allocUnsafe(size)
  let position = writeVarint(bytes, 0, headers.length)
  for (const [index, { value }] of headers.entries()) {
    const key = keys[index] as Buffer
    position = writeVarint(bytes, position, key.length)
    position += key.copy(bytes, position)
    position = writeVarint(bytes, position, value === null ? -1 : value.length)
    if (value !== null) position += value.copy(bytes, position)
  }
  return bytes.subarray(0, position)
}

/** Copies a buffer and returns its length. For a few bytes `copy` takes longer than the bytes do. */
function copyInto(into: Buffer, position: number, from: Buffer): number {
  const { length } = from
  if (length > MAX_LOOPED_BYTES) return from.copy(into, position)
  for (let index = 0; index < length; index++) into[position + index] = from[index] as number
  return length
}
