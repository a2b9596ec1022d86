import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringCodec } from './string-codec.ts'

const codec = stringCodec()

test('any text comes back, from any place in a buffer', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '\uFFFD', 'BTCUSDT'))
  fc.assert(
    fc.property(text, fc.nat(20), (value, position) => {
      const into = Buffer.alloc(position + 200, 0xff)
      const end = codec.encode(value, into, position)
      expect(codec.decode(into, position, end)).toEqual({ ok: true, value })
    }),
  )
})

test('bytes that are no UTF-8 are malformed', () => {
  expect(codec.decode(Buffer.from([0x41, 0xff, 0x41]), 0, 3)).toMatchObject({ ok: false, issue: { code: 'malformed' } })
  expect(codec.decode(Buffer.from([0x41, 0xff, 0x41]), 0, 1)).toEqual({ ok: true, value: 'A' })
})

test('text that does not fit answers with the missing bytes, negative', () => {
  expect(codec.encode('äöü', Buffer.alloc(5), 1)).toBe(-2)
  expect(codec.encode('äöü', Buffer.alloc(7), 1)).toBe(7)
})

test('half a character can not be encoded', () => {
  expect(() => codec.encode('\uD800', Buffer.alloc(10), 0)).toThrow(TypeError)
})
