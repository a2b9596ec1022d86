/** How a value compares with earlier ones. */
export interface Compared {
  readonly mean: number
  readonly score: number | null
  readonly flagged: boolean
}

/**
 * Exponentially weighted moments, half of the weight in 30 values, started with the first; scores from the 21st on; flagged values are clipped to the
 * threshold before they count.
 */
export function compare(values: readonly number[], threshold: number, sides: 'above' | 'both'): Compared[] {
  const a = 1 - 2 ** (-1 / 30)
  let m = values[0] ?? 0
  let v = 0
  return values.map((x, index) => {
    const score = index < 20 || v === 0 ? null : (x - m) / Math.sqrt(v)
    const mean = index === 0 ? 0 : m
    const flagged = score !== null && (score >= threshold || (sides === 'both' && score <= -threshold))
    const taken = flagged ? m + (score > 0 ? threshold : -threshold) * Math.sqrt(v) : x
    const d = taken - m
    m += a * d
    v = (1 - a) * (v + a * d * d)
    return { mean, score, flagged }
  })
}
