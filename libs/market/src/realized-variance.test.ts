import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logReturns, realizedVariance } from './realized-variance.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

const price = fc.double({ min: 1e-6, max: 1e6, noNaN: true })

test('realised variance is the sum of the squared log returns', () => {
  expect(realizedVariance([100, 110, 99, 99])).toBeCloseTo(Math.log(1.1) ** 2 + Math.log(0.9) ** 2, 15)
  expect([realizedVariance([]), realizedVariance([100]), realizedVariance([100, 100])]).toEqual([0, 0, 0])
})

test('a small return is the log of the ratio, which the difference of the logs would round away', () => {
  const [from, to] = [61_837.01, 61_837.02]
  // ln(1 + x) = x - x^2 / 2 + x^3 / 3, where the rest is below the last bit.
  const x = (to - from) / from
  const [found] = logReturns([from, to]) as [number]
  expect(Math.abs(found / (x - x ** 2 / 2 + x ** 3 / 3) - 1)).toBeLessThan(1e-9)
  expect(logReturns([61_837.01, 61_837.01])).toEqual([0])
})

test('realised variance does not depend on the unit of the price, nor on the direction of time', () => {
  fc.assert(
    fc.property(fc.array(price, { minLength: 2, maxLength: 60 }), (prices) => {
      const variance = realizedVariance(prices)
      // By a power of two, which rounds nothing.
      expect(realizedVariance(prices.map((each) => each * 1_024))).toBe(variance)
      const [forwards, backwards] = [variance, realizedVariance(prices.toReversed())].map(Math.sqrt) as [number, number]
      expect(Math.abs(forwards - backwards)).toBeLessThan(1e-12)
    }),
    { numRuns },
  )
})
