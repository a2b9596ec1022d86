/** What nearly all sums have for a list: theirs is made when there is something to put into it. */
const NOTHING: number[] = []

/**
 * A sum of doubles without rounding errors: whatever the order of the additions, `value` is the double nearest to the true
 * sum (ties to even). State: the rounded sum, the sum of what rounding left of it, and a list for what rounding left of that, mostly empty.
 *
 * Source: D. E. Knuth, TAOCP 2, 4.2.2 (the error of a sum); J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast
 * Robust Geometric Predicates" (1997), for the list; the final rounding as in R. Hettinger's `msum` / CPython's `math.fsum`.
 */
export class ExactSum {
  #high = 0
  #low = 0
  /** Non-overlapping, in increasing magnitude. */
  #rest: number[] = NOTHING

  /** The sum whose `partials` were kept. */
  static restore(partials: readonly number[]): ExactSum {
    const sum = new ExactSum()
    for (const partial of partials) sum.add(partial)
    return sum
  }

  /** Throws a RangeError for a value that is not finite; exact while all partial sums stay below 2^1023. */
  add(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`exact sum: ${value} is not a finite number`)
    const high = this.#high
    const sum = high + value
    this.#high = sum
    const error = errorOf(sum, high, value)
    if (error === 0) return
    const low = this.#low
    const lowSum = low + error
    this.#low = lowSum
    const lowError = errorOf(lowSum, low, error)
    if (lowError === 0) return
    if (this.#rest === NOTHING) this.#rest = [lowError]
    else addTo(this.#rest, lowError)
  }

  /** Takes in everything that was added to another sum, exactly. */
  merge(other: ExactSum): void {
    for (const partial of other.partials()) this.add(partial)
  }

  /**
   * Doubles whose exact sum is the sum: what a snapshot keeps. They do not overlap and increase in magnitude; which ones they are may
   * depend on the order of the additions.
   */
  partials(): readonly number[] {
    const partials = [...this.#rest]
    addTo(partials, this.#low)
    addTo(partials, this.#high)
    return partials
  }

  /** The correctly rounded sum; 0 for an empty one. */
  value(): number {
    // With two numbers left there is no tie that a third would decide.
    if (this.#rest.length === 0) return this.#high + this.#low + 0 // never -0, which JSON would not keep
    const partials = this.partials()
    let index = partials.length
    if (index === 0) return 0
    let high = partials[--index] as number
    let low = 0
    while (index > 0) {
      const before = high
      const next = partials[--index] as number
      high = before + next
      low = next - (high - before)
      if (low !== 0) break
    }
    // Half-way cases: what is left below `low` decides the direction of a tie.
    const below = index > 0 ? (partials[index - 1] as number) : 0
    if ((low < 0 && below < 0) || (low > 0 && below > 0)) {
      const doubled = low * 2
      const rounded = high + doubled
      if (doubled === rounded - high) high = rounded
    }
    return high + 0
  }
}

/** What `left + right` has lost in `sum`, which it was rounded to. */
function errorOf(sum: number, left: number, right: number): number {
  const rightPart = sum - left
  return left - (sum - rightPart) + (right - rightPart)
}

/** Adds to partials without loss; zeros are left out. */
function addTo(partials: number[], value: number): void {
  let carried = value
  let kept = 0
  for (const partial of partials) {
    const sum = carried + partial
    const error = errorOf(sum, carried, partial)
    if (error !== 0) partials[kept++] = error
    carried = sum
  }
  if (carried !== 0) partials[kept++] = carried
  partials.length = kept
}
