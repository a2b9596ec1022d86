import type { TimedFault } from './fault.ts'

/** The faults of a script in the order of their times. */
export class FaultSchedule {
  readonly #faults: readonly TimedFault[]
  #next = 0

  constructor(faults: readonly TimedFault[]) {
    this.#faults = faults.toSorted((a, b) => a.atMs - b.atMs)
  }

  /** When the next one is due; never again where it is infinite. */
  get nextAtMs(): number {
    return this.#faults[this.#next]?.atMs ?? Infinity
  }

  /** Those due by now that were not handed out before. */
  due(nowMs: number): readonly TimedFault[] {
    const from = this.#next
    while (this.nextAtMs <= nowMs) this.#next += 1
    return this.#faults.slice(from, this.#next)
  }
}
