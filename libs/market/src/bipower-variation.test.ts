import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bipowerVariation } from './bipower-variation.ts'
import { realizedVariance } from './realized-variance.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

test('bipower variation is half of pi times the sum of the products of neighbouring returns', () => {
  const returns = [0.01, -0.02, 0.005]
  const prices = returns.reduce((all, r) => [...all, (all.at(-1) as number) * Math.exp(r)], [100])
  expect(bipowerVariation(prices)).toBeCloseTo((Math.PI / 2) * (0.01 * 0.02 + 0.02 * 0.005), 15)
})

test('bipower variation needs two returns', () => {
  expect([[], [100], [100, 110]].map((prices) => bipowerVariation(prices))).toEqual([0, 0, 0])
})

test('a single jump in a price that stands still is nothing to bipower variation, and all of realised variance', () => {
  const jumped = [100, 100, 100, 150, 150, 150]
  expect([bipowerVariation(jumped), realizedVariance(jumped)]).toEqual([0, Math.log(1.5) ** 2])
})

test('bipower variation is at most half of pi times realised variance', () => {
  const prices = fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 60 })
  fc.assert(
    fc.property(prices, (all) => {
      const most = (Math.PI / 2) * realizedVariance(all)
      expect(bipowerVariation(all)).toBeLessThanOrEqual(most * (1 + 1e-12))
    }),
    { numRuns },
  )
})
