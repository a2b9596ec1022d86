export type WeightedBaselineData = readonly [count: number, mean: number, variance: number]

export interface BaselineOptions {
  /** From which score on, as a magnitude, a value is flagged. */
  readonly threshold: number
  /** Whether values below the baseline are flagged too. */
  readonly twoSided: boolean
}

/** How a value compares with those before it. */
export interface Judgement {
  readonly value: number
  /** Mean of the values before, in their unit; exponentially weighted. */
  readonly baseline: number
  /** Standard deviations above it; null for the first 20 values and where those before did not vary. */
  readonly score: number | null
  readonly threshold: number
  readonly flagged: boolean
}

/** Half of a value's weight is gone after 30 more. */
const weight = 1 - 2 ** (-1 / 30)
const warmUpCount = 20

/**
 * A running baseline: exponentially weighted mean m and variance v of earlier values only, m' = m + a (x - m), v' = (1 - a) (v + a (x - m)^2)
 * with a = 1 - 2^(-1/30), started with m = x, v = 0. A value's score is (x - m) / sqrt(v), null for the first 20 values and where v = 0.
 *
 * A flagged value enters the baseline clipped to m +- threshold x sqrt(v), so that one outlier does not hide the next.
 *
 * Source: T. Finch, "Incremental calculation of weighted mean and variance" (2009). State: three numbers.
 */
export class WeightedBaseline {
  readonly #options: BaselineOptions
  #count = 0
  #mean = 0
  #variance = 0

  constructor(options: BaselineOptions) {
    this.#options = options
  }

  restore([count, mean, variance]: WeightedBaselineData): void {
    this.#count = count
    this.#mean = mean
    this.#variance = variance
  }

  /** Judges a value, then takes it in. */
  judge(value: number): Judgement {
    const { threshold, twoSided } = this.#options
    const baseline = this.#mean
    const deviation = Math.sqrt(this.#variance)
    const score = this.#count < warmUpCount || deviation === 0 ? null : (value - baseline) / deviation
    const flagged = score !== null && (twoSided ? Math.abs(score) : score) >= threshold
    this.#take(flagged ? baseline + Math.sign(score) * threshold * deviation : value)
    return { value, baseline, score, threshold, flagged }
  }

  /** As JSON-safe data. */
  snapshot(): WeightedBaselineData {
    return [this.#count, this.#mean, this.#variance]
  }

  #take(value: number): void {
    if (this.#count++ === 0) {
      this.#mean = value
      return
    }
    const difference = value - this.#mean
    this.#mean += weight * difference
    this.#variance = (1 - weight) * (this.#variance + weight * difference * difference)
  }
}
