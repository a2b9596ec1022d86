import { ExactSum } from '@tidemark/windowing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exactParts } from './exact-parts.ts'

const values = fc.array(
  fc.oneof(
    fc.double({ min: -1e300, max: 1e300, noNaN: true }),
    fc.constantFrom(0, -0, 1, -1, 0.1, 0.2, 2 ** -53, -(2 ** -53), 2 ** -110, 5e-324, 1e16),
  ),
  { maxLength: 30 },
)

function sumOf(added: readonly number[]): ExactSum {
  const sum = new ExactSum()
  for (const value of added) sum.add(value)
  return sum
}

test('equal sums have the same parts, for any order of the additions and after a restore', () => {
  const orders = values.chain((added) =>
    fc.tuple(fc.constant(added), fc.shuffledSubarray(added, { minLength: added.length })),
  )
  fc.assert(
    fc.property(orders, ([added, other]) => {
      const parts = exactParts(sumOf(added))
      expect(exactParts(sumOf(other))).toStrictEqual(parts)
      expect(exactParts(ExactSum.restore(parts))).toStrictEqual(parts)
    }),
  )
})

test('the parts are the sum: taking them away leaves nothing', () => {
  fc.assert(
    fc.property(values, (added) => {
      const rest = sumOf(added)
      for (const part of exactParts(rest)) rest.add(-part)
      expect(rest.partials().every((partial) => partial === 0)).toBe(true)
    }),
  )
})

test('the first part is the rounded sum, and zero has none', () => {
  expect(exactParts(sumOf([1e16, 1, 1, 0.5]))).toEqual([1e16 + 2, 0.5])
  expect(exactParts(sumOf([1, -1]))).toEqual([])
  expect(exactParts(new ExactSum())).toEqual([])
})
