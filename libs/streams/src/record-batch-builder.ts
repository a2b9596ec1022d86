import type { OutputBatch } from './ports.ts'
import type { Header } from './record-batch.ts'
import { varintLength, writeVarint } from './varint.ts'

const INITIAL_BYTES = 16 * 1024
/** More than a varint, a flag byte and a varint ever take, for the fixed parts of a record. */
const FIXED_PARTS_BYTES = 64

/** A record's parts, as bytes. `valueBytes[0, valueLength)` is the value; a length of -1 stands for null. */
export interface RecordParts {
  readonly key: Buffer | null
  readonly valueBytes: Buffer
  readonly valueLength: number
  readonly timestampMs: number
  readonly headers?: readonly Header[]
}

/** Writes records one after the other into one buffer, in the record format of Kafka's batches (v2). */
export class RecordBatchBuilder {
  readonly topic: string
  readonly partition: number
  count = 0
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  #length = 0
  #baseTimestampMs = 0
  #maxTimestampMs = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get byteLength(): number {
    return this.#length
  }

  append(record: RecordParts): void {
    if (this.count === 0) {
      this.#baseTimestampMs = record.timestampMs
      this.#maxTimestampMs = record.timestampMs
    } else if (record.timestampMs > this.#maxTimestampMs) {
      this.#maxTimestampMs = record.timestampMs
    }
    const headers = encodeHeaders(record.headers)
    const keyLength = record.key === null ? -1 : record.key.length
    const timestampDelta = record.timestampMs - this.#baseTimestampMs
    const bodyLength =
      1 +
      varintLength(timestampDelta) +
      varintLength(this.count) +
      varintLength(keyLength) +
      Math.max(keyLength, 0) +
      varintLength(record.valueLength) +
      Math.max(record.valueLength, 0) +
      headers.length
    this.#reserve(bodyLength + FIXED_PARTS_BYTES)
    const into = this.#buffer
    let position = writeVarint(into, this.#length, bodyLength)
    into[position++] = 0
    position = writeVarint(into, position, timestampDelta)
    position = writeVarint(into, position, this.count)
    position = writeVarint(into, position, keyLength)
    if (record.key !== null) position += record.key.copy(into, position)
    position = writeVarint(into, position, record.valueLength)
    if (record.valueLength > 0) position += record.valueBytes.copy(into, position, 0, record.valueLength)
    position += headers.copy(into, position)
    this.#length = position
    this.count++
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

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
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
