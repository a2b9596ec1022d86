/**
 * A sum of doubles without rounding errors: whatever the order of the additions, `value` is the double nearest to the true
 * sum (ties to even). State: a list of non-overlapping partial sums, in practice two to four doubles.
 *
 * Source: J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997);
 * the final rounding as in R. Hettinger's `msum` / CPython's `math.fsum`.
 */
export class ExactSum {
  /** Non-overlapping, in increasing magnitude; their exact sum is the sum. */
  readonly #partials: number[] = []

  /** The sum whose `partials` were kept. */
  static restore(partials: readonly number[]): ExactSum {
    const sum = new ExactSum()
    for (const partial of partials) sum.add(partial)
    return sum
  }

  /** Throws a RangeError for a value that is not finite; exact while all partial sums stay below 2^1023. */
  add(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`exact sum: ${value} is not a finite number`)
    const partials = this.#partials
    let carried = value
    let kept = 0
    for (let index = 0; index < partials.length; index++) {
      let small = partials[index] as number
      if (Math.abs(carried) < Math.abs(small)) {
        const swap = carried
        carried = small
        small = swap
      }
      const sum = carried + small
      const error = small - (sum - carried)
      if (error !== 0) partials[kept++] = error
      carried = sum
    }
    partials[kept] = carried
    partials.length = kept + 1
  }

  /** Takes in everything that was added to another sum, exactly. */
  merge(other: ExactSum): void {
    for (const partial of [...other.#partials]) this.add(partial)
  }

  /** Doubles whose exact sum is the sum: what a snapshot keeps. Which ones may depend on the order of the additions. */
  partials(): readonly number[] {
    return [...this.#partials]
  }

  /** The correctly rounded sum; 0 for an empty one. */
  value(): number {
    const partials = this.#partials
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
    return high + 0 // never -0, which JSON would not keep
  }
}
