import { readVarint, readVarlong, type VarintCursor } from './varint.ts'

/** A record header; Kafka allows a key more than once. */
export interface Header {
  readonly key: string
  readonly value: Buffer | null
}

/** What a record batch of Kafka's format v2 says about itself, with its records inflated. */
export interface RecordBatchFields {
  readonly topic: string
  readonly partition: number
  readonly baseOffset: number
  /** The offset after the batch, which is where to read on; compaction can make it larger than base + count. */
  readonly nextOffset: number
  readonly count: number
  readonly baseTimestampMs: number
  /** The broker's append time, where the topic stamps it: all records then have it. */
  readonly logAppendTimeMs?: number
  /** The records section: `count` records, uncompressed. */
  readonly records: Buffer
  /** Records below this offset are skipped by the cursor: a fetch answers with whole batches. */
  readonly fromOffset?: number
}

/** Consecutive records of one partition, as a view over the fetched bytes. Records are read by moving a cursor over them. */
export interface RecordBatch extends RecordBatchFields {
  cursor(): RecordCursor
}

/** A batch as a view over records that have been inflated; nothing is copied. */
export function recordBatch(fields: RecordBatchFields): RecordBatch {
  return { ...fields, cursor: () => new RecordCursor(fields) }
}

/**
 * Moves over the records of a batch without making an object of each. The fields are of the record last moved to; key and value
 * are ranges of `bytes`, `-1` as the start standing for null.
 */
export class RecordCursor {
  readonly bytes: Buffer
  offset = -1
  timestampMs = -1
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  readonly #batch: RecordBatchFields
  #position = 0
  #headersStart = 0
  #read = 0

  constructor(batch: RecordBatchFields) {
    this.#batch = batch
    this.bytes = batch.records
  }

  /** Moves to the next record; false after the last one. Throws a RangeError where the batch is not of the format. */
  next(): boolean {
    const batch = this.#batch
    while (this.#read < batch.count) {
      this.#read++
      this.#readRecord(batch)
      if (batch.fromOffset === undefined || this.offset >= batch.fromOffset) return true
    }
    return false
  }

  #readRecord(batch: RecordBatchFields): void {
    const length = this.#varint()
    const end = this.#position + length
    if (length < 0 || end > this.bytes.length) throw outside(batch)
    this.#position++ // attributes: unused in format v2
    const timestampDelta = this.#varlong()
    this.timestampMs = batch.logAppendTimeMs ?? batch.baseTimestampMs + timestampDelta
    this.offset = batch.baseOffset + this.#varint()
    const keyLength = this.#varint()
    this.keyStart = keyLength < 0 ? -1 : this.#position
    this.keyEnd = keyLength < 0 ? -1 : (this.#position += keyLength)
    const valueLength = this.#varint()
    this.valueStart = valueLength < 0 ? -1 : this.#position
    this.valueEnd = valueLength < 0 ? -1 : (this.#position += valueLength)
    this.#headersStart = this.#position
    if (this.#position > end) throw outside(batch)
    this.#position = end
  }

  /** `readVarint`, without a call for the one or two bytes that nearly all of them have. */
  #varint(): number {
    const { bytes } = this
    const at = this.#position
    const byte = bytes[at] as number
    if (byte < 0x80) {
      this.#position = at + 1
      return (byte >>> 1) ^ -(byte & 1)
    }
    const second = bytes[at + 1] as number
    if (second >= 0x80 || at + 1 >= bytes.length) return this.#longVarint(readVarint)
    this.#position = at + 2
    return (((byte & 0x7f) | (second << 7)) >>> 1) ^ -(byte & 1)
  }

  #varlong(): number {
    const byte = this.bytes[this.#position] as number
    if (byte >= 0x80) return this.#longVarint(readVarlong)
    this.#position++
    return (byte >>> 1) ^ -(byte & 1)
  }

  #longVarint(read: (bytes: Buffer, at: VarintCursor) => number): number {
    const at = { position: this.#position }
    const value = read(this.bytes, at)
    this.#position = at.position
    return value
  }

  /** The record's headers, decoded at each call: meant for the records that need them. */
  headers(): Header[] {
    const at: VarintCursor = { position: this.#headersStart }
    const headers: Header[] = []
    for (let left = readVarint(this.bytes, at); left > 0; left--) {
      const key = this.#slice(at) ?? Buffer.alloc(0)
      headers.push({ key: key.toString('utf8'), value: this.#slice(at) })
    }
    return headers
  }

  #slice(at: VarintCursor): Buffer | null {
    const length = readVarint(this.bytes, at)
    return length < 0 ? null : Buffer.from(this.bytes.subarray(at.position, (at.position += length)))
  }

  /** A copy of the key's bytes, which stays valid when the batch is gone; null where the record has no key. */
  key(): Buffer | null {
    return this.keyStart < 0 ? null : Buffer.from(this.bytes.subarray(this.keyStart, this.keyEnd))
  }

  /** A copy of the value's bytes, as for `key`. */
  value(): Buffer | null {
    return this.valueStart < 0 ? null : Buffer.from(this.bytes.subarray(this.valueStart, this.valueEnd))
  }
}

function outside({ topic, partition, baseOffset }: RecordBatchFields): RangeError {
  return new RangeError(
    `topic ${topic} partition ${partition} batch at offset ${baseOffset}: a record ends outside the batch`,
  )
}
