import { gzipSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { RecordBatchBuilder, StreamsError, type RecordBatch } from '@tidemark/streams'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchAttribute, BatchHeader } from './batch-format.ts'
import { writeBatch } from './batch-writer.ts'
import { ByteWriter } from './protocol/byte-writer.ts'
import { readRecordSet } from './record-set.ts'

interface BatchParts {
  readonly values?: readonly string[]
  readonly baseOffset?: number
  readonly attributes?: number
  readonly producerId?: number
  readonly compress?: (records: Buffer) => Buffer
  readonly maxTimestampMs?: number
  readonly key?: Buffer
}

/** A batch as a broker stores it. */
function stored({
  values = ['v'],
  baseOffset = 0,
  attributes = 0,
  producerId = -1,
  ...parts
}: BatchParts = {}): Buffer {
  const builder = new RecordBatchBuilder('t', 0)
  for (const [index, value] of values.entries()) {
    const valueBytes = Buffer.from(value)
    const key = parts.key ?? null
    builder.append({ key, valueBytes, valueLength: valueBytes.length, timestampMs: 1_000 + index })
  }
  const batch = { ...builder.batch(), maxTimestampMs: parts.maxTimestampMs ?? 2_000 }
  const body = parts.compress === undefined ? batch.records : parts.compress(batch.records)
  const writer = new ByteWriter()
  writeBatch(writer, { batch, body, codec: 0, producerId, producerEpoch: 0, baseSequence: 0, transactional: false })
  const bytes = Buffer.from(writer.bytes)
  bytes.writeBigInt64BE(BigInt(baseOffset), BatchHeader.baseOffset)
  bytes.writeInt16BE(attributes, BatchHeader.attributes)
  return sealed(bytes)
}

/** The same with a checksum that is right. */
function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(BatchHeader.attributes)), BatchHeader.crc)
  return bytes
}

function marker(type: 'abort' | 'commit', producerId: number, baseOffset: number): Buffer {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1])
  const attributes = BatchAttribute.control | BatchAttribute.transactional
  return stored({ key, producerId, baseOffset, attributes })
}

function read(batches: readonly Buffer[], options: Partial<Parameters<typeof readRecordSet>[0]> = {}) {
  const records = Buffer.concat(batches)
  return readRecordSet({ topic: 't', partition: 0, records, fromOffset: 0, abortedTransactions: [], ...options })
}

function recordsOf(batches: readonly RecordBatch[]): [offset: number, value: string | undefined][] {
  const records: [number, string | undefined][] = []
  for (const batch of batches) {
    const cursor = batch.cursor()
    while (cursor.next()) records.push([cursor.offset, cursor.value()?.toString()])
  }
  return records
}

test('hands out the records of consecutive batches, and where to read on', () => {
  const { batches, nextOffset } = read([stored({ values: ['a', 'b'] }), stored({ values: ['c'], baseOffset: 2 })])
  expect(recordsOf(batches)).toEqual([
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ])
  expect(nextOffset).toBe(3)
})

test('records are views over the fetched bytes', () => {
  const bytes = stored({ values: ['abc'] })
  const { batches } = readRecordSet({
    topic: 't',
    partition: 0,
    records: bytes,
    fromOffset: 0,
    abortedTransactions: [],
  })
  expect(batches[0]?.records.buffer).toBe(bytes.buffer)
})

test('drops a last batch that is cut off, wherever the cut is', () => {
  const [whole, cut] = [stored({ values: ['a'] }), stored({ values: ['b'], baseOffset: 1 })]
  fc.assert(
    fc.property(fc.integer({ min: 0, max: cut.length - 1 }), (length) => {
      const { batches, nextOffset } = read([whole, cut.subarray(0, length)])
      expect(recordsOf(batches)).toEqual([[0, 'a']])
      expect(nextOffset).toBe(1)
    }),
  )
})

test('finds any damage to a batch behind its length', () => {
  const bytes = stored({ values: ['some', 'records'] })
  const at = fc.integer({ min: BatchHeader.magic, max: bytes.length - 1 })
  fc.assert(
    fc.property(at, fc.integer({ min: 1, max: 255 }), (position, flip) => {
      const damaged = Buffer.from(bytes)
      damaged[position] = (damaged[position] ?? 0) ^ flip
      expect(() => read([damaged])).toThrow(StreamsError)
    }),
  )
})

test('an error about a batch names topic, partition and offset', () => {
  const damaged = stored({ baseOffset: 77 })
  damaged[damaged.length - 1]! ^= 1
  expect(() => read([damaged])).toThrow('topic t partition 0 batch at offset 77 has a wrong checksum')
})

test('refuses message formats before v2 by name', () => {
  const old = stored()
  old[BatchHeader.magic] = 1
  expect(() => read([old])).toThrow('message format v1')
})

test('a length that is too small is damage, not an endless loop', () => {
  const short = stored()
  short.writeInt32BE(-40, BatchHeader.batchLength)
  expect(() => read([short])).toThrow(expect.objectContaining({ code: 'corrupt-batch' }))
})

test('skips the records before the offset asked for', () => {
  const { batches } = read([stored({ values: ['a', 'b', 'c'], baseOffset: 10 })], { fromOffset: 11 })
  expect(recordsOf(batches)).toEqual([
    [11, 'b'],
    [12, 'c'],
  ])
})

test('leaves out a batch that lies before the offset asked for, as after compaction', () => {
  const batches = [stored({ values: ['a'], baseOffset: 3 }), stored({ values: ['b'], baseOffset: 9 })]
  expect(recordsOf(read(batches, { fromOffset: 5 }).batches)).toEqual([[9, 'b']])
})

test('hands out the records of a compressed batch', () => {
  const values = ['a'.repeat(1000), 'b'.repeat(1000)]
  const { batches } = read([stored({ values, attributes: 1, compress: gzipSync })])
  expect(recordsOf(batches).map(([, value]) => value)).toEqual(values)
})

test('a batch that does not inflate is corrupt, and named', () => {
  const broken = stored({ attributes: 1, compress: () => Buffer.from('not gzip'), baseOffset: 8 })
  expect(() => read([broken])).toThrow('topic t partition 0 batch at offset 8 (gzip) does not inflate')
})

test('gives every record the append time where the broker stamps it', () => {
  const cursor = read([stored({ attributes: BatchAttribute.logAppendTime, maxTimestampMs: 55 })]).batches[0]?.cursor()
  cursor?.next()
  expect(cursor?.timestampMs).toBe(55)
})

test('leaves out control records but reads on behind them', () => {
  const { batches, nextOffset } = read([
    stored({ values: ['a'], producerId: 1, attributes: BatchAttribute.transactional }),
    marker('commit', 1, 1),
  ])
  expect(recordsOf(batches)).toEqual([[0, 'a']])
  expect(nextOffset).toBe(2)
  expect(batches.at(-1)).toMatchObject({ count: 0, nextOffset: 2 })
})

test('leaves out aborted transactions and keeps what other producers and later transactions wrote', () => {
  const attributes = BatchAttribute.transactional
  const { batches, nextOffset } = read(
    [
      stored({ values: ['aborted'], producerId: 1, attributes }),
      stored({ values: ['other'], producerId: 2, attributes, baseOffset: 1 }),
      stored({ values: ['plain'], producerId: 1, baseOffset: 2 }),
      marker('abort', 1, 3),
      stored({ values: ['later'], producerId: 1, attributes, baseOffset: 4 }),
      marker('commit', 2, 5),
      marker('commit', 1, 6),
    ],
    { abortedTransactions: [{ producerId: 1, firstOffset: 0 }] },
  )
  expect(recordsOf(batches)).toEqual([
    [1, 'other'],
    [2, 'plain'],
    [4, 'later'],
  ])
  expect(nextOffset).toBe(7)
})

test('knows two aborted transactions of one producer apart', () => {
  const attributes = BatchAttribute.transactional
  const { batches } = read(
    [
      stored({ values: ['aborted'], producerId: 1, attributes }),
      marker('abort', 1, 1),
      stored({ values: ['kept'], producerId: 1, attributes, baseOffset: 2 }),
      marker('commit', 1, 3),
      stored({ values: ['aborted'], producerId: 1, attributes, baseOffset: 4 }),
      marker('abort', 1, 5),
    ],
    {
      abortedTransactions: [
        { producerId: 1, firstOffset: 4 },
        { producerId: 1, firstOffset: 0 },
      ],
    },
  )
  expect(recordsOf(batches)).toEqual([[2, 'kept']])
})

test('a batch that compaction has emptied is read past', () => {
  const empty = stored({ values: ['x'] })
  empty.writeInt32BE(0, BatchHeader.recordCount)
  const { batches, nextOffset } = read([sealed(empty), stored({ values: ['b'], baseOffset: 1 })])
  expect(recordsOf(batches)).toEqual([[1, 'b']])
  expect(nextOffset).toBe(2)
})
