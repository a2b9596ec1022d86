import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Codec } from './codec.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import { recordBatch, type Header } from './record-batch.ts'
import { readVarint, readVarlong, varintLength, writeVarint } from './varint.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const headers = fc.array(fc.record({ key: fc.string(), value: fc.option(bytes) }), { maxLength: 4 })
const record = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  timestampMs: fc.integer({ min: 0, max: 4e12 }),
  headers,
})

interface Written {
  key: Buffer | null
  value: Buffer | null
  timestampMs: number
  headers: Header[]
}

function batchOf(records: readonly Written[], fromOffset?: number) {
  const builder = new RecordBatchBuilder('orders', 3)
  for (const { key, value, timestampMs, headers } of records) {
    const valueBytes = value ?? Buffer.alloc(0)
    builder.append({ key, valueBytes, valueLength: value === null ? -1 : value.length, timestampMs, headers })
  }
  const { count, baseTimestampMs, records: section } = builder.batch()
  const range = { baseOffset: 1_000, nextOffset: 1_000 + count, ...(fromOffset === undefined ? {} : { fromOffset }) }
  return recordBatch({ topic: 'orders', partition: 3, ...range, count, baseTimestampMs, records: section })
}

/** Writes the bytes as they are. */
const raw: Codec<Buffer> = {
  decode: (from, start, end) => ({ ok: true, value: from.subarray(start, end) }),
  encode: (value, into, position) => {
    const missing = position + value.length - into.length
    return missing > 0 ? -missing : position + value.copy(into, position)
  },
}

function read(batch: ReturnType<typeof batchOf>): (Written & { offset: number })[] {
  const cursor = batch.cursor()
  const records: (Written & { offset: number })[] = []
  while (cursor.next()) {
    const { offset, timestampMs } = cursor
    records.push({ offset, timestampMs, key: cursor.key(), value: cursor.value(), headers: cursor.headers() })
  }
  return records
}

describe('a record batch', () => {
  test('gives back every record as it was written', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 50 }), (records) => {
        expect(read(batchOf(records))).toEqual(records.map((written, index) => ({ ...written, offset: 1_000 + index })))
      }),
    )
  })

  test('has a value that is encoded in place where its bytes would be, whatever the length of the one before', () => {
    const sizes = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 40_000 }))
    const encoded = fc.record({ record, size: sizes })
    fc.assert(
      fc.property(fc.array(encoded, { maxLength: 20 }), (parts) => {
        const [asBytes, inPlace] = [new RecordBatchBuilder('orders', 3), new RecordBatchBuilder('orders', 3)]
        for (const [index, { record: written, size }] of parts.entries()) {
          const { key, timestampMs, headers } = written
          const value = Buffer.alloc(size, index)
          asBytes.append({ key, valueBytes: value, valueLength: size, timestampMs, headers })
          inPlace.appendValue(key, { value, codec: raw, timestampMs, headers })
        }
        expect(inPlace.batch()).toEqual(asBytes.batch())
      }),
      { numRuns },
    )
  })

  test('is as it was when a value can not be encoded', () => {
    const builder = new RecordBatchBuilder('orders', 3)
    builder.appendValue(null, { value: Buffer.from('good'), codec: raw, timestampMs: 5 })
    const before = Buffer.from(builder.batch().records)
    const failing = {
      ...raw,
      encode: () => {
        throw new TypeError('field price')
      },
    }
    expect(() => builder.appendValue(null, { value: Buffer.from('bad'), codec: failing, timestampMs: 9 })).toThrow(
      'field price',
    )
    expect(builder.batch()).toMatchObject({ count: 1, maxTimestampMs: 5, records: before })
  })

  test('skips the records below the offset that was asked for', () => {
    const records = [1, 2, 3].map((n) => ({ key: null, value: Buffer.from([n]), timestampMs: n, headers: [] }))
    expect(read(batchOf(records, 1_002)).map(({ offset }) => offset)).toEqual([1_002])
  })

  test('takes the append time of a topic that stamps it for all records', () => {
    const written = batchOf([{ key: null, value: null, timestampMs: 5, headers: [] }])
    const cursor = recordBatch({ ...written, logAppendTimeMs: 77 }).cursor()
    expect(cursor.next()).toBe(true)
    expect(cursor.timestampMs).toBe(77)
  })

  test('that is cut off is an error naming topic, partition and offset, not silence', () => {
    const whole = batchOf([{ key: Buffer.from('k'), value: Buffer.alloc(100), timestampMs: 5, headers: [] }])
    const cut = recordBatch({ ...whole, records: whole.records.subarray(0, 20) })
    expect(() => cut.cursor().next()).toThrow('topic orders partition 3 batch at offset 1000')
  })

  test('with a damaged byte is an error, or gives ranges within its bytes', () => {
    const damage = fc.record({ at: fc.nat({ max: 200 }), byte: fc.nat({ max: 255 }) })
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), damage, (records, { at, byte }) => {
        const batch = batchOf(records)
        batch.records[at % batch.records.length] = byte
        const cursor = batch.cursor()
        try {
          while (cursor.next()) {
            expect(cursor.keyEnd).toBeGreaterThanOrEqual(cursor.keyStart)
            expect(cursor.valueEnd).toBeGreaterThanOrEqual(cursor.valueStart)
            expect(Math.max(cursor.keyEnd, cursor.valueEnd)).toBeLessThanOrEqual(batch.records.length)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns },
    )
  })
})

test('varints give back every safe integer up to 2^52, in as many bytes as announced', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }), (value) => {
      const buffer = Buffer.alloc(10)
      const end = writeVarint(buffer, 0, value)
      expect(end).toBe(varintLength(value))
      const at = { position: 0 }
      expect(readVarlong(buffer, at)).toBe(value)
      expect(at.position).toBe(end)
      if (Math.abs(value) < 2 ** 31 - 1) expect(readVarint(buffer, { position: 0 })).toBe(value)
    }),
  )
})
