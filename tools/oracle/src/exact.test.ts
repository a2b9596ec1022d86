import { expect, test } from 'vitest'
import { exact, exactSum, rounded } from './exact.ts'

test('a double comes back as it was', () => {
  for (const value of [0, 1, -1, 0.1, -0.3, 1e16, 123_456_789.123_456, 2 ** -300, Number.EPSILON, 1e300]) {
    expect(rounded(exact(value))).toBe(value)
  }
})

test('a sum is rounded once, half-way cases to even', () => {
  expect(exactSum([0.1, 0.2, 0.3, 0.4])).toBe(1)
  expect(exactSum([1e16, 1, 1, 0.5])).toBe(1e16 + 2)
  expect(exactSum([2 ** 53, 1])).toBe(2 ** 53)
  expect(exactSum([2 ** 53, 1, 2 ** -200])).toBe(2 ** 53 + 2)
  expect(exactSum([2 ** 53 + 2, 1])).toBe(2 ** 53 + 4)
  expect(exactSum([-(2 ** 53), -1, -(2 ** -200)])).toBe(-(2 ** 53) - 2)
  expect(exactSum([])).toBe(0)
})

test('what is no multiple of 2^-400 is an error', () => {
  expect(() => exact(5e-324)).toThrow(/2\^-400/)
  expect(() => exact(NaN)).toThrow(/finite/)
})
