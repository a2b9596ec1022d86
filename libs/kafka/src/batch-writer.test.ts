import { crc32c } from '@node-rs/crc32'
import { RecordBatchBuilder } from '@tidemark/streams'
import snappy from 'snappy'
import { expect, test } from 'vitest'
import { BatchHeader, COMPRESSIONS } from './batch-format.ts'
import { batchByteLength, compressed, writeBatch } from './batch-writer.ts'
import { decompress } from './decompress.ts'
import { ByteWriter } from './protocol/byte-writer.ts'
import { snappyStream } from './snappy-stream.ts'

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

test.each(COMPRESSIONS.map((name, codec) => [name, codec] as const))(
  'compresses the records, not the header, with %s, and names the codec',
  (compression, codec) => {
    const builder = new RecordBatchBuilder('t', 0)
    const valueBytes = Buffer.from('a value that compresses well')
    for (let index = 0; index < 5_000; index++) {
      builder.append({ key: null, valueBytes, valueLength: valueBytes.length, timestampMs: index })
    }
    const batch = builder.batch()
    const written = compressed(batch, compression)
    expect(written.codec).toBe(codec)
    expect(decompress(codec, written.body, { subject: 'batch' }).equals(batch.records)).toBe(true)
    if (compression === 'none') expect(written.body).toBe(batch.records)
    else expect(written.body.length).toBeLessThan(batch.records.length / 5)
  },
)

test('snappy is a stream of blocks as Java’s clients write it: magic, versions, then blocks of 32 KiB behind their lengths', () => {
  const stream = snappyStream(Buffer.alloc(32 * 1024 + 1, 'x'))
  expect(stream.subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001')
  const firstBytes = stream.readInt32BE(16)
  const blocks = [stream.subarray(20, 20 + firstBytes), stream.subarray(24 + firstBytes)]
  expect(stream.readInt32BE(20 + firstBytes)).toBe(blocks[1]!.length)
  expect(blocks.map((block) => snappy.uncompressSync(block).length)).toEqual([32 * 1024, 1])
})

test('a batch of a transaction says so, beside its codec', () => {
  const batch = twoRecords()
  const writer = new ByteWriter()
  const place = { producerId: 4_000, producerEpoch: 2, baseSequence: 9 }
  writeBatch(writer, { batch, ...compressed(batch, 'zstd'), ...place, transactional: true })
  expect(writer.bytes.readInt16BE(BatchHeader.attributes)).toBe(0x10 | 4)
})
