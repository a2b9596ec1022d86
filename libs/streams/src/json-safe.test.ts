import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unsafeInside } from './json-safe.ts'

class Counter {
  seen = 0
  increment() {
    this.seen++
  }
}
class Point {
  x = 1
}
class Point3 extends Point {
  z = 1
}
const itself: { next?: unknown } = {}
itself.next = { itself }

test.each([
  [NaN, 'NaN'],
  [{ total: [1, -Infinity] }, '-Infinity at .total[1]'],
  [undefined, 'undefined'],
  [[1, undefined], 'undefined at [1]'],
  // A hole comes back as null.
  [Array(1), 'undefined at [0]'],
  [{ ids: { last: 1n } }, 'a bigint at .ids.last'],
  [{ close() {} }, 'a function at .close'],
  [Symbol('x'), 'a symbol'],
  [{ since: new Date(0) }, 'an object of class Date at .since'],
  [[{ seen: new Map() }], 'an object of class Map at [0].seen'],
  [new Set(), 'an object of class Set'],
  [Buffer.from('x'), 'an object of class Buffer'],
  [new Float64Array(1), 'an object of class Float64Array'],
  [{ counter: new Counter() }, 'an object of class Counter at .counter'],
  [new Point3(), 'an object of class Point3'],
  [Object.create(Object.create(null) as object), 'an object of no class'],
])('%o would not come back: %s', (value, unsafe) => {
  expect(unsafeInside(value)).toBe(unsafe)
})

test('an object that holds itself is told, where JSON has no end either', () => {
  expect(unsafeInside(itself)).toMatch(/^objects more than 200 deep in each other at \.next\.itself\.next/)
})

test('properties that are undefined, and classes that are nothing but their fields, come back', () => {
  const value = {
    a: undefined,
    b: null,
    point: new Point(),
    bare: Object.assign(Object.create(null), { c: 1 }) as object,
  }
  expect(unsafeInside(value)).toBeUndefined()
  expect(JSON.parse(JSON.stringify(value))).toEqual({ b: null, point: { x: 1 }, bare: { c: 1 } })
})

test('what is told to be safe comes back from JSON as it was, and all of JSON is', () => {
  const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 200)
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      // JSON has one zero.
      const kept = JSON.parse(JSON.stringify(value)) as unknown
      expect(unsafeInside(kept)).toBeUndefined()
    }),
    { numRuns },
  )
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
  })
  fc.assert(
    fc.property(anything, (value) => {
      fc.pre(unsafeInside(value) === undefined)
      expect(JSON.parse(JSON.stringify(value), (_key, part: unknown) => part)).toEqual(withoutMinusZero(value))
    }),
    { numRuns },
  )
})

function withoutMinusZero(value: unknown): unknown {
  if (typeof value === 'number') return value + 0
  if (Array.isArray(value)) return value.map(withoutMinusZero)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutMinusZero(part)]))
}
