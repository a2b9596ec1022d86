import { gzipSync, zstdCompressSync } from 'node:zlib'
import lz4 from 'lz4-napi'
import snappy from 'snappy'
import { expect, test } from 'vitest'
import { decompress } from './decompress.ts'

const records = Buffer.from('some records, '.repeat(1_000))

function snappyStream(...blocks: Buffer[]): Buffer {
  const header = Buffer.from('82534e41505059000000000100000001', 'hex')
  const sized = blocks.map((block) => {
    const bytes = snappy.compressSync(block)
    const length = Buffer.alloc(4)
    length.writeInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  })
  return Buffer.concat([header, ...sized])
}

const compressions = [
  ['none', 0, records],
  ['gzip', 1, gzipSync(records)],
  ['snappy, one block', 2, snappy.compressSync(records)],
  ['snappy, a stream as Java writes it', 2, snappyStream(records.subarray(0, 5_000), records.subarray(5_000))],
  ['lz4', 3, lz4.compressFrameSync(records)],
  ['zstd', 4, zstdCompressSync(records)],
] as const
const compressed = compressions.slice(1)

test.each(compressions)('inflates %s', (_, codec, bytes) => {
  expect(decompress(codec, bytes, { subject: 'batch' }).equals(records)).toBe(true)
})

test.each(compressed)('what does not inflate is corrupt: %s', (_, codec, bytes) => {
  const damaged = bytes.subarray(0, bytes.length - 9)
  expect(() => decompress(codec, damaged, { subject: 'batch' })).toThrow(
    expect.objectContaining({
      code: 'corrupt-batch',
      message: expect.stringMatching(/^batch \(\w+\) does not inflate: ./),
    }),
  )
})

test.each(compressed)('what inflates to more than the limit is refused: %s', (_, codec, bytes) => {
  const inflate = (maxInflatedBytes: number) => decompress(codec, bytes, { subject: 'batch', maxInflatedBytes })
  expect(inflate(records.length)).toHaveLength(records.length)
  expect(() => inflate(records.length - 1)).toThrow(expect.objectContaining({ code: 'limit-reached' }))
})

test('a codec that Kafka does not have is named', () => {
  expect(() => decompress(5, records, { subject: 'batch' })).toThrow('batch is compressed with codec 5')
})
