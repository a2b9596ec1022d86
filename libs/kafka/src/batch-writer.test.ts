import { gunzipSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { RecordBatchBuilder } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { batchByteLength, compressed, writeBatch } from './batch-writer.ts'
import { ByteWriter } from './protocol/byte-writer.ts'

function twoRecords() {
  const builder = new RecordBatchBuilder('t', 0)
  const valueBytes = Buffer.from('value')
  builder.append({ key: null, valueBytes, valueLength: 5, timestampMs: 1_000 })
  builder.append({ key: null, valueBytes, valueLength: 5, timestampMs: 3_000 })
  return builder.batch()
}

test('writes the header of format v2, field by field, and as many bytes as it said', () => {
  const batch = twoRecords()
  const sequenced = {
    batch,
    ...compressed(batch, 'none'),
    producerId: 4_000,
    producerEpoch: 2,
    baseSequence: 9,
    transactional: false,
  }
  const writer = new ByteWriter().int32(0) // not at the start of the request
  writeBatch(writer, sequenced)
  const bytes = writer.bytes.subarray(4)
  expect(bytes.length).toBe(batchByteLength(sequenced))
  expect({
    baseOffset: bytes.readBigInt64BE(0),
    batchLength: bytes.readInt32BE(8),
    leaderEpoch: bytes.readInt32BE(12),
    magic: bytes.readInt8(16),
    crc: bytes.readUInt32BE(17),
    attributes: bytes.readInt16BE(21),
    lastOffsetDelta: bytes.readInt32BE(23),
    baseTimestamp: bytes.readBigInt64BE(27),
    maxTimestamp: bytes.readBigInt64BE(35),
    producerId: bytes.readBigInt64BE(43),
    producerEpoch: bytes.readInt16BE(51),
    baseSequence: bytes.readInt32BE(53),
    count: bytes.readInt32BE(57),
  }).toEqual({
    baseOffset: 0n,
    batchLength: bytes.length - 12,
    leaderEpoch: -1,
    magic: 2,
    crc: crc32c(bytes.subarray(21)),
    attributes: 0,
    lastOffsetDelta: 1,
    baseTimestamp: 1_000n,
    maxTimestamp: 3_000n,
    producerId: 4_000n,
    producerEpoch: 2,
    baseSequence: 9,
    count: 2,
  })
  expect(bytes.subarray(61)).toEqual(batch.records)
})

test('compresses the records, not the header, and names the codec', () => {
  const batch = twoRecords()
  const { codec, body } = compressed(batch, 'gzip')
  expect(codec).toBe(1)
  expect(gunzipSync(body)).toEqual(batch.records)
})
