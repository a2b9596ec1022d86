// eslint-disable-next-line @nx/enforce-module-boundaries -- a sketch is mathematics without a world, and better kept there than here
import { DDSketch } from '@datadog/sketches-js'
import type { Aggregator } from '../aggregator.ts'

/** Which quantiles `quantiles` tells, of what, and how exactly. */
export interface QuantilesOptions<V> {
  readonly of: (value: V) => number
  /** Which quantiles, each from 0 to 1; results are in this order. */
  readonly at: readonly number[]
  /** How far a result may be from the true quantile, as a part of it: 0.01 is one in a hundred. */
  readonly relativeAccuracy: number
  /** Magnitudes below it count as 0. Default 1e-9. */
  readonly minMagnitude?: number
  /** A larger magnitude is a RangeError. With `minMagnitude` and the accuracy it bounds the sketch. Default 1e12. */
  readonly maxMagnitude?: number
}

type Bins = [key: number, count: number][]

/**
 * Quantiles by a DDSketch: within `relativeAccuracy` of the true ones, the same for any order of arrival, mergeable. For an accuracy
 * of 0.01 and the default magnitudes a sketch holds at most 2,420 bins per sign. Nulls where nothing was added.
 *
 * Source: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees"
 * (2019).
 */
export function quantiles<V>(
  options: QuantilesOptions<V>,
): Aggregator<V, DDSketch, readonly (number | null)[], unknown> {
  const { of, at, relativeAccuracy, minMagnitude = 1e-9, maxMagnitude = 1e12 } = options
  if (at.some((quantile) => !(quantile >= 0 && quantile <= 1))) {
    throw new RangeError(`quantiles: each must be from 0 to 1, got ${at.join(', ')}`)
  }
  if (!(relativeAccuracy > 0 && relativeAccuracy < 1)) {
    throw new RangeError(`quantiles: relativeAccuracy must be above 0 and below 1, got ${relativeAccuracy}`)
  }
  if (!(minMagnitude > 0 && minMagnitude <= maxMagnitude && maxMagnitude < Infinity)) {
    throw new RangeError(
      `quantiles: minMagnitude must be above 0 and not above maxMagnitude, which is finite, got ${minMagnitude} and ${maxMagnitude}`,
    )
  }
  const init = () => new DDSketch({ relativeAccuracy })
  return {
    kind: `quantiles within ${relativeAccuracy}`, // bins of another accuracy mean other values
    init,
    add(sketch, value) {
      const x = of(value)
      const magnitude = Math.abs(x)
      if (!(magnitude <= maxMagnitude)) {
        throw new RangeError(`quantiles: ${x} is not a number of a magnitude up to maxMagnitude, ${maxMagnitude}`)
      }
      sketch.accept(magnitude < minMagnitude ? 0 : x)
      return sketch
    },
    merge: (left, right) => addBins(left, binsOf(right)),
    result: (sketch) => at.map((quantile) => (sketch.count === 0 ? null : sketch.getValueAtQuantile(quantile))),
    snapshot: binsOf,
    restore: (data) => addBins(init(), data as SketchBins),
  }
}

interface SketchBins {
  readonly positive: Bins
  readonly negative: Bins
  readonly zeroes: number
}

function binsOf({ store, negativeStore, zeroCount }: DDSketch): SketchBins {
  const filled = ({ bins, offset }: DDSketch['store']): Bins =>
    bins.flatMap((count, index) => (count === 0 ? [] : [[index + offset, count]]))
  return { positive: filled(store), negative: filled(negativeStore), zeroes: zeroCount }
}

/** Bin by bin: the sketch's own merge (2.1.1) leaves out negative values, and a store's own misses a bin 0 at its edge. */
function addBins(sketch: DDSketch, { positive, negative, zeroes }: SketchBins): DDSketch {
  for (const [key, count] of positive) sketch.store.add(key, count)
  for (const [key, count] of negative) sketch.negativeStore.add(key, count)
  sketch.zeroCount += zeroes
  sketch.count = sketch.store.count + sketch.negativeStore.count + sketch.zeroCount
  return sketch
}
