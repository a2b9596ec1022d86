import { VarianceEstimates, estimators, type Estimator } from './estimates.ts'
import type { Path } from './price-path.ts'

/** How good an estimator of the variance is over many windows. */
export interface Quality {
  /** Mean estimate over the variance of the Brownian motion, less 1: 0 is unbiased, 0.1 is a tenth too much. */
  readonly bias: number
  /** The same over all variance, squared jumps included. */
  readonly biasWithJumps: number
  /**
   * Variance of the squared return from open to close over that of the estimates, each in units of its own mean, so that an estimator does
   * not look good by estimating too little: how many windows of the one a window of the other is worth.
   */
  readonly efficiency: number
}

export type Qualities = Readonly<Record<Estimator, Quality>>

/** Judges all estimators by the same windows. */
export function qualities(paths: Iterable<Path>, windows: number): Qualities {
  const estimates = new VarianceEstimates()
  const samples = Object.fromEntries(estimators.map((name) => [name, [] as number[]])) as Record<Estimator, number[]>
  let diffusion = 0
  let jumps = 0
  for (const path of paths) {
    const estimate = estimates.of(path)
    if (estimate === undefined) continue
    for (const name of estimators) samples[name].push(estimate[name])
    diffusion += path.truth.diffusion
    jumps += path.truth.jumps
    if (samples.close_to_close.length === windows) break
  }
  const reference = relativeVariance(samples.close_to_close)
  const quality = (values: readonly number[]): Quality => ({
    bias: (mean(values) * values.length) / diffusion - 1,
    biasWithJumps: (mean(values) * values.length) / (diffusion + jumps) - 1,
    efficiency: reference / relativeVariance(values),
  })
  return Object.fromEntries(estimators.map((name) => [name, quality(samples[name])])) as Qualities
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function relativeVariance(values: readonly number[]): number {
  const middle = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)
  return variance / middle ** 2
}
