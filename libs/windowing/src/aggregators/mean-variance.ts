import type { Aggregator } from '../aggregator.ts'
import { ExactSum } from '../exact-sum.ts'

/** The result of `meanVariance`. */
export interface MeanVariance {
  readonly count: number
  /** Null where nothing was added. */
  readonly mean: number | null
  /** Of the sample (divided by count - 1); null for less than two values. */
  readonly variance: number | null
}

/** What `meanVariance` keeps of a window: the exact sums of values and of their squares. */
export interface Moments {
  count: number
  readonly sum: ExactSum
  readonly squares: ExactSum
}

/** Below it a value counts as 0: its square's last bits would be below the smallest double. */
const SMALLEST = 2 ** -485
/** Above it sums of squares could leave the range of doubles. */
const LARGEST = 2 ** 480

/**
 * Mean and variance of a sample, bit-identical for any order of arrival and any partition into parts that are merged: the sums of
 * x and of x² are exact (an x² is held as two doubles), and so is `n Σx² - (Σx)²`, which is rounded once. Running updates
 * (Welford) and their merge (Chan) round at each step, and so depend on the order.
 *
 * Throws a RangeError for a value that is not finite, or larger than 2^480; magnitudes below 2^-485 count as 0.
 *
 * Source: T. J. Dekker, "A floating-point technique for extending the available precision" (1971), for exact products.
 */
export function meanVariance<V>(of: (value: V) => number): Aggregator<V, Moments, MeanVariance, unknown> {
  return {
    kind: 'meanVariance',
    init: () => ({ count: 0, sum: new ExactSum(), squares: new ExactSum() }),
    add(moments, value) {
      const x = inRange(of(value))
      moments.count++
      moments.sum.add(x)
      addProduct(moments.squares, x, x)
      return moments
    },
    merge(left, right) {
      left.count += right.count
      left.sum.merge(right.sum)
      left.squares.merge(right.squares)
      return left
    },
    result: resultOf,
    snapshot: ({ count, sum, squares }) => [count, sum.partials(), squares.partials()],
    restore(data) {
      const [count, sum, squares] = data as [number, number[], number[]]
      return { count, sum: ExactSum.restore(sum), squares: ExactSum.restore(squares) }
    },
  }
}

function inRange(x: number): number {
  const magnitude = Math.abs(x)
  if (magnitude < SMALLEST) return 0
  if (magnitude <= LARGEST) return x
  throw new RangeError(`mean and variance: ${x} is not a finite number of a magnitude up to 2^480`)
}

function resultOf({ count, sum, squares }: Moments): MeanVariance {
  if (count === 0) return { count, mean: null, variance: null }
  const mean = sum.value() / count
  if (count === 1) return { count, mean, variance: null }
  const numerator = new ExactSum()
  for (const square of squares.partials()) addProduct(numerator, count, square)
  const partials = sum.partials()
  for (const left of partials) for (const right of partials) addProduct(numerator, -left, right)
  return { count, mean, variance: numerator.value() / count / (count - 1) }
}

/** Adds a product without its rounding error. */
function addProduct(to: ExactSum, a: number, b: number): void {
  const product = a * b
  const [aHigh, aLow] = split(a)
  const [bHigh, bLow] = split(b)
  to.add(product)
  to.add(aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow))
}

/** Two halves of at most 26 bits each, whose products are exact. */
function split(value: number): [high: number, low: number] {
  const scaled = value * (2 ** 27 + 1)
  const high = scaled - (scaled - value)
  return [high, value - high]
}
