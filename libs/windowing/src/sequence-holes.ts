/** Both ends are in it. */
export interface SequenceRange {
  readonly first: number
  readonly last: number
}

/** The sequences of one key that were given up. The oldest ranges are forgotten beyond a limit: all below is taken as given up. */
export class SequenceHoles {
  readonly #maxHoles: number
  /** In order; no two of them touch. */
  #ranges: SequenceRange[] = []
  #knownFrom = -Infinity

  constructor(maxHoles: number) {
    this.#maxHoles = maxHoles
  }

  /** A range behind all others was given up. */
  add(range: SequenceRange): void {
    this.#ranges.push(range)
    this.#bound()
  }

  /** Nothing is known of what comes before. */
  forgetBelow(sequence: number): void {
    this.#knownFrom = sequence
  }

  /** Whether a sequence was given up; if it comes again, it was not. */
  fill(sequence: number): boolean {
    if (sequence < this.#knownFrom) return true
    const at = this.#ranges.findIndex(({ first, last }) => first <= sequence && sequence <= last)
    const range = this.#ranges[at]
    if (range === undefined) return false
    const parts = [
      { first: range.first, last: sequence - 1 },
      { first: sequence + 1, last: range.last },
    ]
    this.#ranges.splice(at, 1, ...parts.filter(({ first, last }) => first <= last))
    this.#bound()
    return true
  }

  snapshot(): unknown {
    const knownFrom = Number.isFinite(this.#knownFrom) ? this.#knownFrom : null
    return [knownFrom, this.#ranges.map(({ first, last }) => [first, last])]
  }

  restore(data: unknown): void {
    const [knownFrom, ranges] = data as [number | null, [number, number][]]
    this.#knownFrom = knownFrom ?? -Infinity
    this.#ranges = ranges.map(([first, last]) => ({ first, last }))
  }

  #bound(): void {
    while (this.#ranges.length > this.#maxHoles) this.#knownFrom = this.#ranges.shift()!.last + 1
  }
}
