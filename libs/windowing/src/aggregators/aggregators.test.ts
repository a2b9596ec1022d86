import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Aggregator, ResultContext } from '../aggregator.ts'
import { combine } from './combine.ts'
import { meanVariance } from './mean-variance.ts'
import { collect, first, last, topK } from './ordered.ts'
import { quantiles } from './quantiles.ts'
import { count, max, min, sum } from './totals.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)
const context: ResultContext = { key: 'a', window: { startMs: 0, endMs: 1 }, lateCount: 0, nowMs: 0 }

interface Sample {
  readonly id: number
  readonly x: number
}

const of = ({ x }: Sample) => x
const sequence = ({ id }: Sample) => id
const label = ({ id, x }: Sample) => `${id} ${x}`

const aggregators: Record<string, Aggregator<Sample, unknown, unknown>> = {
  count: count(),
  sum: sum(of),
  min: min(of),
  max: max(of),
  first: first(sequence, label),
  last: last(sequence, label),
  meanVariance: meanVariance(of),
  collect: collect({ sequence, select: label, limit: 5 }),
  topK: topK({ k: 4, score: of, sequence, select: sequence }),
  quantiles: quantiles({ of, at: [0, 0.25, 0.5, 0.99, 1], relativeAccuracy: 0.02 }),
}
aggregators['combine'] = combine({ ...aggregators })

const x = fc.oneof(
  fc.double({ min: -1e12, max: 1e12, noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(1, -1, -0, 0.98, 1.02, 1e-300, 1e11),
)
const samples = (minLength = 0) =>
  fc.array(x, { minLength, maxLength: 40 }).map((xs): Sample[] => xs.map((value, id) => ({ id, x: value })))

const foldAll = <A>(aggregator: Aggregator<Sample, A, unknown>, values: readonly Sample[], from = aggregator.init()) =>
  values.reduce((accumulator, value) => aggregator.add(accumulator, value), from)
const resultOf = <A>(aggregator: Aggregator<Sample, A, unknown>, accumulator: A) =>
  aggregator.result(accumulator, context)

describe.each(Object.entries(aggregators))('%s', (_name, aggregator) => {
  test('gives the same result for any order of arrival', () => {
    const shuffled = samples(1).chain((values) =>
      fc.tuple(fc.constant(values), fc.shuffledSubarray(values, { minLength: values.length })),
    )
    fc.assert(
      fc.property(shuffled, ([values, other]) => {
        expect(resultOf(aggregator, foldAll(aggregator, other))).toEqual(
          resultOf(aggregator, foldAll(aggregator, values)),
        )
      }),
      { numRuns },
    )
  })

  test('merging the folds of two parts equals folding all records at once', () => {
    fc.assert(
      fc.property(samples(), fc.nat(40), (values, at) => {
        const [left, right] = [values.slice(0, at), values.slice(at)].map((part) => foldAll(aggregator, part))
        const merged = aggregator.merge?.(left, right)
        expect(resultOf(aggregator, merged)).toEqual(resultOf(aggregator, foldAll(aggregator, values)))
      }),
      { numRuns },
    )
  })

  test('a snapshot that went through JSON folds on as if nothing had happened', () => {
    fc.assert(
      fc.property(samples(), fc.nat(40), (values, at) => {
        const accumulator = foldAll(aggregator, values.slice(0, at))
        const data: unknown = aggregator.snapshot === undefined ? accumulator : aggregator.snapshot(accumulator)
        const read: unknown = JSON.parse(JSON.stringify(data))
        const restored = aggregator.restore === undefined ? read : aggregator.restore(read)
        expect(resultOf(aggregator, foldAll(aggregator, values.slice(at), restored))).toEqual(
          resultOf(aggregator, foldAll(aggregator, values)),
        )
      }),
      { numRuns },
    )
  })

  test('being asked for a result changes nothing', () => {
    fc.assert(
      fc.property(samples(1), (values) => {
        const accumulator = foldAll(aggregator, values)
        const once = resultOf(aggregator, accumulator)
        expect(resultOf(aggregator, accumulator)).toEqual(once)
      }),
      { numRuns },
    )
  })
})

const resultFor = <A, R>(aggregator: Aggregator<Sample, A, R>, xs: readonly number[]) =>
  resultOf(
    aggregator,
    foldAll(
      aggregator,
      xs.map((value, id) => ({ id, x: value })),
    ),
  ) as R

test('a variance far from zero does not lose its digits', () => {
  const { mean, variance } = resultFor(meanVariance(of), [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16])
  expect(mean).toBe(1e9 + 10)
  expect(variance).toBe(30)
})

test('a variance is never negative, and equals that of shifted values', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 30 }), (xs) => {
      const { variance } = resultFor(meanVariance(of), xs)
      expect(variance).toBeGreaterThanOrEqual(0)
      expect(
        resultFor(
          meanVariance(of),
          xs.map((value) => value + 2 ** 40),
        ).variance,
      ).toBe(variance)
    }),
    { numRuns },
  )
})

test('values that would leave the range of exact squares are refused', () => {
  expect(() => resultFor(meanVariance(of), [1e200])).toThrow('1e+200 is not a finite number of a magnitude up to 2^480')
  expect(() => resultFor(meanVariance(of), [NaN])).toThrow(RangeError)
})

test('one value has a mean and no variance, none has neither', () => {
  expect(resultFor(meanVariance(of), [5])).toEqual({ count: 1, mean: 5, variance: null })
  expect(resultFor(meanVariance(of), [])).toEqual({ count: 0, mean: null, variance: null })
})

test('quantiles are within their accuracy of the true ones', () => {
  const at = [0, 0.1, 0.5, 0.9, 1]
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 80 }), (xs) => {
      const found = resultFor(quantiles({ of, at, relativeAccuracy: 0.01 }), xs)
      const sorted = xs.map((value) => (Math.abs(value) < 1e-9 ? 0 : value)).sort((a, b) => a - b)
      for (const [index, quantile] of at.entries()) {
        const rank = quantile * (xs.length - 1)
        const near = [Math.floor(rank), Math.ceil(rank)].map((place) => sorted[place] ?? NaN)
        const error = Math.min(...near.map((truth) => Math.abs((found[index] ?? NaN) - truth) / Math.abs(truth || 1)))
        expect(error).toBeLessThanOrEqual(0.010_001)
      }
    }),
    { numRuns },
  )
})

test('quantiles refuse what would make the sketch larger than its bound', () => {
  expect(() => resultFor(quantiles({ of, at: [0.5], relativeAccuracy: 0.01 }), [1e13])).toThrow('up to maxMagnitude')
  expect(() => quantiles({ of, at: [1.5], relativeAccuracy: 0.01 })).toThrow('each must be from 0 to 1, got 1.5')
  expect(resultFor(quantiles({ of, at: [0.5], relativeAccuracy: 0.01 }), [])).toEqual([null])
})

test('collect keeps the first of its limit in order and counts the rest', () => {
  const values = [5, 3, 4, 1, 2].map((id) => ({ id, x: id * 10 }))
  const aggregator = collect({ sequence, select: of, limit: 3 })
  expect(resultOf(aggregator, foldAll(aggregator, values))).toEqual({ values: [10, 20, 30], omitted: 2 })
  expect(() => collect({ sequence, select: of, limit: 0 })).toThrow(
    'collect: the limit must be a positive whole number',
  )
})

test('topK puts the largest score first, and of equal scores the smaller sequence', () => {
  const top = resultFor(topK({ k: 3, score: of, sequence, select: sequence }), [5, 9, 5, 1, 9])
  expect(top).toEqual([1, 4, 0])
})

test.each([
  ['first', first(of, label), 'first: the sequence NaN is not a finite number'],
  ['last', last(of, label), 'last: the sequence NaN is not a finite number'],
  ['collect', collect({ sequence: of, select: label, limit: 2 }), 'collect: the sequence NaN is not a finite number'],
  ['topK', topK({ k: 2, score: of, sequence, select: label }), 'topK: the score NaN is not a finite number'],
  ['min', min(of), 'min: NaN is not a number'],
  ['max', max(of), 'max: NaN is not a number'],
] as [string, Aggregator<Sample, unknown, unknown>, string][])(
  '%s refuses a value that is not a number, whenever it comes',
  (_, aggregator, message) => {
    expect(() => aggregator.add(aggregator.init(), { id: 0, x: NaN })).toThrow(new RangeError(message))
    const some = aggregator.add(aggregator.init(), { id: 0, x: 1 })
    expect(() => aggregator.add(some, { id: 1, x: NaN })).toThrow(new RangeError(message))
  },
)

test('the rest of a split record is not counted again', () => {
  const both = combine({ records: count(), total: sum(of) })
  const accumulator = both.addRest?.(both.add(both.init(), { id: 0, x: 2 }), { id: 1, x: 3 }) ?? both.init()
  expect(both.result(accumulator, context)).toEqual({ records: 1, total: 5 })
})

test('combine takes what all of its parts take, and gives what they give', () => {
  const combined = combine({
    n: count(),
    total: sum((value: { a: number }) => value.a),
    b: min((v: { b: number }) => v.b),
  })
  const folded = combined.add(combined.init(), { a: 1, b: 2 })
  const result = combined.result(folded, context)
  expectTypeOf(result).toEqualTypeOf<{ n: number; total: number; b: number }>()
  expect(result).toEqual({ n: 1, total: 1, b: 2 })
  // @ts-expect-error one of the parts needs more than this
  expect(() => combined.add(combined.init(), { a: 1 })).toThrow('min: undefined is not a number')
  const { merge: _merge, ...unmergeable } = count()
  expect(combine({ n: count(), unmergeable }).merge).toBeUndefined()
})
