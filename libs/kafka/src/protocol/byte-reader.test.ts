import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

test('reads back what was written, whatever the values', () => {
  const int64 = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-1, -2, 0, 2 ** 32, -(2 ** 32), 2 ** 53 - 1))
  fc.assert(
    fc.property(int64, fc.integer(), fc.option(fc.string()), fc.option(fc.uint8Array()), (long, int, text, bytes) => {
      const buffer = bytes === null ? null : Buffer.from(bytes)
      const writer = new ByteWriter(1)
        .int64(long)
        .int32(int)
        .string(text)
        .sizedBytes(buffer)
        .bool(true)
        .int8(-3)
        .int16(-9)
      const reader = new ByteReader(writer.bytes)
      expect([reader.int64(), reader.int32(), reader.nullableString()]).toEqual([long, int, text])
      expect(reader.nullableBytes()).toEqual(buffer)
      expect([reader.bool(), reader.int8(), reader.int16(), reader.remaining]).toEqual([true, -3, -9, 0])
    }),
  )
})

test('reads back what was written in the fields of flexible versions, whatever the values', () => {
  const texts = fc.array(fc.string({ maxLength: 300 }))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), texts, (varint, strings) => {
      const writer = new ByteWriter(1).unsignedVarint(varint).noTags()
      writer.compactArray(strings, (text) => writer.compactString(text)).compactString(null)
      const reader = new ByteReader(writer.bytes)
      expect(reader.unsignedVarint()).toBe(varint)
      reader.skipTags()
      expect(reader.compactArray(() => reader.compactString())).toEqual(strings)
      expect([reader.compactString(), reader.remaining]).toEqual(['', 0])
    }),
  )
})

test('a varint that does not end, and an array or tag that is longer than the response, are refused', () => {
  const reading = (hex: string) => new ByteReader(Buffer.from(hex, 'hex'))
  expect(() => reading('ffffffffff01').unsignedVarint()).toThrow(RangeError)
  expect(() => reading('ff01').compactArray((reader) => reader.int8())).toThrow('does not fit')
  expect(() => reading('010309').skipTags()).toThrow(RangeError)
})

test('hands out byte fields as views over the response, not copies', () => {
  const response = new ByteWriter().sizedBytes(Buffer.from('abc')).bytes
  const field = new ByteReader(response).nullableBytes()
  response[4] = 'X'.charCodeAt(0)
  expect(field?.toString()).toBe('Xbc')
})

test.each([
  ['a string', (reader: ByteReader) => reader.string(), new ByteWriter().int16(9).raw(Buffer.from('short')).bytes],
  ['bytes', (reader: ByteReader) => reader.nullableBytes(), new ByteWriter().int32(9).raw(Buffer.from('short')).bytes],
  ['a number', (reader: ByteReader) => reader.int32(), Buffer.from([1, 2, 3])],
  ['an array', (reader: ByteReader) => reader.array(() => reader.int8()), new ByteWriter().int32(2 ** 30).bytes],
])('refuses %s that runs over the end of the response', (_, read, bytes) => {
  expect(() => read(new ByteReader(bytes))).toThrow(RangeError)
})

test('reads a null array as an empty one', () => {
  const reader = new ByteReader(new ByteWriter().int32(-1).bytes)
  expect(reader.array(() => reader.int8())).toEqual([])
})
