import { expect, test } from 'vitest'
import { annualisedVolatility } from './volatility.ts'

test('a variance of a year is the square of its volatility', () => {
  expect(annualisedVolatility(0.25, 365 * 86_400_000)).toBe(0.5)
})

test('a year has 365 days of 24 hours: as many windows as fit in it', () => {
  // A day has 1 / 365 of the variance, a minute 1 / 525,600.
  expect(annualisedVolatility(1 / 365, 86_400_000)).toBeCloseTo(1, 15)
  expect(annualisedVolatility(1 / 525_600, 60_000)).toBeCloseTo(1, 15)
})

test('four times the variance is twice the volatility, and none is none', () => {
  expect(annualisedVolatility(4e-6, 10_000)).toBeCloseTo(2 * annualisedVolatility(1e-6, 10_000), 15)
  expect(annualisedVolatility(0, 10_000)).toBe(0)
})
