import fc from 'fast-check'
import { expect, test } from 'vitest'
import { garmanKlassVariance, parkinsonVariance } from './range-volatility.ts'
import { annualisedVolatility } from './volatility.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

test('the variance of Parkinson is the squared log range over 4 ln 2', () => {
  expect(parkinsonVariance(110, 100)).toBeCloseTo(0.003_276_371_393_083_637, 15)
  expect(parkinsonVariance(100, 100)).toBe(0)
})

test('the variance of Garman and Klass takes from half the squared range what open and close tell', () => {
  // 0.5 ln(1.1)^2 = 0.004542015187166367, (2 ln 2 - 1) ln(1.05)^2 = 0.000919566046990435
  expect(garmanKlassVariance({ open: 100, high: 110, low: 100, close: 105 })).toBeCloseTo(0.003_622_449_140_175_932, 15)
})

test('the variance of Garman and Klass of a window that only rose is above 0, and that of a single price is 0', () => {
  const rose = garmanKlassVariance({ open: 100, high: 110, low: 100, close: 110 })
  expect(rose).toBeCloseTo((1.5 - 2 * Math.LN2) * Math.log(1.1) ** 2, 15)
  expect(garmanKlassVariance({ open: 100, high: 100, low: 100, close: 100 })).toBe(0)
})

test('both are variances: never below 0, and the same in any unit of the price', () => {
  const price = fc.double({ min: 1e-3, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(fc.array(price, { minLength: 1, maxLength: 9 }), (prices) => {
      const [open, close] = [prices[0] as number, prices.at(-1) as number]
      const candle = { open, close, high: Math.max(...prices), low: Math.min(...prices) }
      const doubled = { open: 2 * open, close: 2 * close, high: 2 * candle.high, low: 2 * candle.low }
      expect(garmanKlassVariance(candle)).toBeGreaterThanOrEqual(0)
      expect(garmanKlassVariance(doubled)).toBe(garmanKlassVariance(candle))
      expect(parkinsonVariance(doubled.high, doubled.low)).toBe(parkinsonVariance(candle.high, candle.low))
    }),
    { numRuns },
  )
})

test('a variance is annualised by the number of windows in 365 days', () => {
  expect(annualisedVolatility(0.01, 365 * 86_400_000)).toBe(0.1)
  expect(annualisedVolatility(1e-6, 60_000)).toBeCloseTo(Math.sqrt(1e-6 * 525_600), 15)
})
