/**
 * Variance of a window's log price from its range: ln(high / low)^2 / (4 ln 2); a pure number, not annualised. About five times as
 * efficient as the squared return from open to close, for a price without drift or jumps that is seen all the time; from few trades it is too small.
 *
 * Source: M. Parkinson, "The Extreme Value Method for Estimating the Variance of the Rate of Return" (1980). State: a candle.
 */
export function parkinsonVariance(high: number, low: number): number {
  return Math.log(high / low) ** 2 / (4 * Math.LN2)
}

/**
 * Variance from open, high, low and close: max(0, 0.5 ln(high / low)^2 - (2 ln 2 - 1) ln(close / open)^2); a pure number, not
 * annualised. About 7.4 times as efficient as the squared return from open to close, under the same conditions as Parkinson's.
 *
 * Source: M. B. Garman and M. J. Klass, "On the Estimation of Security Price Volatilities from Historical Data" (1980). State: a candle.
 */
export function garmanKlassVariance(candle: {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
}): number {
  const { open, high, low, close } = candle
  return Math.max(0, 0.5 * Math.log(high / low) ** 2 - (2 * Math.LN2 - 1) * Math.log(close / open) ** 2)
}
