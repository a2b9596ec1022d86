import { expect, test } from 'vitest'
import { jsonCodec } from './json-codec.ts'

const codec = jsonCodec<unknown>(() => undefined)

function written(value: unknown): string {
  const into = Buffer.alloc(100)
  return into.toString('utf8', 0, codec.encode(value, into, 0))
}

test.each([
  ['a number that is none', { trade: { price: NaN } }, "JSON can't keep number NaN in field price"],
  ['an infinite one', [1, Infinity], "JSON can't keep number Infinity in field 1"],
  ['one behind a null that is meant', { a: null, b: -Infinity }, "JSON can't keep number -Infinity in field b"],
  ['no field', NaN, "JSON can't keep number NaN"],
  ['a bigint', { id: 1n }, "JSON can't keep bigint 1 in field id"],
  ['nothing', undefined, 'a JSON value is expected, got undefined'],
  ['a promise', Promise.resolve(1), 'a JSON value is expected: the step that made it is async; steps are synchronous'],
])('a value with %s is not written', (_, value, message) => {
  expect(() => written(value)).toThrow(new TypeError(message))
})

test.each([
  [null],
  [{ a: null, b: 'null' }],
  [{}],
  [[]],
  ['null'],
  [0],
  [{ at: new Date(0) }],
  [{ a: null, rate: { value: NaN, toJSON: () => 1 } }],
])('%j is written as JSON has it', (value) => {
  expect(written(value)).toBe(JSON.stringify(value))
})

test('what toJSON gives is not asked for its own toJSON, as a copy of its object has one', () => {
  const copied = {
    a: null,
    toJSON() {
      return { ...this }
    },
  }
  expect(written(copied)).toBe('{"a":null}')
  expect(() => written({ ...copied, b: NaN })).toThrow(new TypeError("JSON can't keep number NaN in field b"))
})

test('an object that holds itself fails as JSON says', () => {
  const circle: Record<string, unknown> = {}
  circle['inside'] = circle
  expect(() => written(circle)).toThrow('circular')
})
