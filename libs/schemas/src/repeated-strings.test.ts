import avsc from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { avroType } from './avro-type.ts'

const texts = { type: 'array', items: 'string' } as const
const ours = avroType(texts)
const theirs = avsc.Type.forSchema(texts)
/** Few letters: many of them come again, and more than there is room for share a slot. */
const similar = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '€'), maxLength: 20 })

test('strings that were read before, and those that take their place, are read as avsc reads them', () => {
  const written = fc.array(fc.oneof(similar, fc.string({ unit: 'grapheme', maxLength: 20 })), { maxLength: 200 })
  fc.assert(
    fc.property(written, (values) => {
      expect(ours.fromBuffer(theirs.toBuffer(values))).toEqual(values)
    }),
    { numRuns: 500 },
  )
})

test('bytes that are no UTF-8 are read as avsc reads them', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 18 }), { maxLength: 20 }), (values) => {
      const written = avsc.Type.forSchema({ type: 'array', items: 'bytes' }).toBuffer(
        values.map((one) => Buffer.from(one)),
      )
      expect(ours.fromBuffer(written)).toEqual(theirs.fromBuffer(written))
    }),
  )
})

test.each([-1, 100])('a string of %d bytes, of which there are fewer, is refused', (length) => {
  const written = avsc.Type.forSchema({ type: 'array', items: 'long' }).toBuffer([length])
  expect(() => ours.fromBuffer(written)).toThrow()
})
