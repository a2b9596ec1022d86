import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExactSum } from './exact-sum.ts'
import { inUnits } from './exact-units-fixture.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 1_000)
const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 })

function sumOf(values: readonly number[]): number {
  const sum = new ExactSum()
  for (const value of values) sum.add(value)
  return sum.value()
}

function neighbours(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(8))
  const step = (by: bigint) => {
    view.setFloat64(0, value)
    const bits = view.getBigInt64(0)
    const ordered = bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits
    const moved = ordered + by
    view.setBigInt64(0, moved < 0n ? -moved | -0x8000000000000000n : moved)
    return view.getFloat64(0)
  }
  return [step(-1n), step(1n)]
}

const distance = (a: bigint, b: bigint) => (a > b ? a - b : b - a)

test('the sum is the double nearest to the true sum', () => {
  fc.assert(
    fc.property(fc.array(finite, { maxLength: 40 }), (values) => {
      const truth = values.reduce((sum, value) => sum + inUnits(value), 0n)
      const sum = sumOf(values)
      const error = distance(inUnits(sum), truth)
      for (const other of neighbours(sum)) {
        if (Number.isFinite(other)) expect(error <= distance(inUnits(other), truth)).toBe(true)
      }
    }),
    { numRuns },
  )
})

test('the sum does not depend on the order of the additions', () => {
  const shuffled = fc
    .array(finite, { minLength: 2, maxLength: 30 })
    .chain((values) => fc.tuple(fc.constant(values), fc.shuffledSubarray(values, { minLength: values.length })))
  fc.assert(
    fc.property(shuffled, ([values, other]) => {
      expect(sumOf(other)).toBe(sumOf(values))
    }),
    { numRuns },
  )
})

test('merging two sums equals adding all values to one', () => {
  fc.assert(
    fc.property(fc.array(finite, { maxLength: 20 }), fc.array(finite, { maxLength: 20 }), (left, right) => {
      const merged = new ExactSum()
      for (const value of left) merged.add(value)
      const other = new ExactSum()
      for (const value of right) other.add(value)
      merged.merge(other)
      expect(merged.value()).toBe(sumOf([...left, ...right]))
    }),
    { numRuns },
  )
})

test('what plain addition loses is kept', () => {
  expect(sumOf([1e16, 1, -1e16])).toBe(1)
  expect(sumOf(Array.from({ length: 10 }, () => 0.1))).toBe(1)
})

test('a tie is rounded by what lies below it', () => {
  expect(sumOf([1, 2 ** -53, 2 ** -80])).toBe(1 + 2 ** -52)
  expect(sumOf([1, 2 ** -53, -(2 ** -80)])).toBe(1)
  expect(sumOf([1, 2 ** -53])).toBe(1)
})

test('a sum merged with itself is doubled', () => {
  const sum = new ExactSum()
  for (const value of [0.1, 0.2, 1e10]) sum.add(value)
  const once = sum.value()
  sum.merge(sum)
  expect(sum.value()).toBe(2 * once)
})

test('nothing added sums to zero, and a value that is not finite is refused', () => {
  expect(new ExactSum().value()).toBe(0)
  expect(() => new ExactSum().add(Number.NaN)).toThrow('NaN is not a finite number')
})
