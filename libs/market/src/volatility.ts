const yearMs = 365 * 86_400_000

/** The volatility of a year of windows of this variance: its square root, scaled to 365 days, since the market never closes; 0.5 is 50 % a year. */
export function annualisedVolatility(variance: number, windowMs: number): number {
  return Math.sqrt(variance * (yearMs / windowMs))
}
