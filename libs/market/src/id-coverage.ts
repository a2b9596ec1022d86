import { LimitError } from '@tidemark/windowing'
import type { Candle } from './candle.ts'

/** Ids that never came while there was time; both ends are in it. */
export interface MissingIds {
  readonly first: number
  readonly last: number
}

export type IdCoverageData = readonly [
  count: number,
  lowest: number | null,
  before: number | null,
  hole: readonly [first: number, last: number] | null,
  late: readonly number[],
]

/** More would not come late without something being wrong with the feed. */
const maxLateIds = 100_000

/**
 * Which ids of a window were seen, and whether the symbol's trades go on without a hole at both of its edges.
 *
 * `missing_trades` are the ids between the window's first and last that were never seen. It is complete where there are none, its first
 * follows the symbol's trade before it, and no hole begins behind its last. A hole between two windows makes both incomplete, and counts
 * in neither's `missing_trades`. Ids that come late, into a window that is still open, are seen.
 *
 * Mergeable, also to larger windows. State: five numbers, and the ids that came late, at most 100,000.
 */
export class IdCoverage {
  /** Different ids seen. */
  count = 0
  /** Id of the symbol's trade before the lowest of this window that came in sequence; null where there is none. */
  #before: number | null = null
  #lowest = Infinity
  /** The last hole that begins in this window. */
  #hole: MissingIds | null = null
  readonly #late: number[] = []

  static restore([count, lowest, before, hole, late]: IdCoverageData): IdCoverage {
    const coverage = new IdCoverage()
    coverage.count = count
    coverage.#before = before
    coverage.#lowest = lowest ?? Infinity
    coverage.#hole = hole === null ? null : { first: hole[0], last: hole[1] }
    coverage.#late.push(...late)
    return coverage
  }

  /** The next trade in sequence, and the id of the one before it, which may be in an earlier window. */
  add(tradeId: number, previousId: number | null): void {
    this.count++
    if (tradeId > this.#lowest) return
    this.#lowest = tradeId
    this.#before = previousId
  }

  /** A trade that was given up before it came. False: it has come before. */
  addLate(tradeId: number): boolean {
    const late = this.#late
    let at = late.length
    while (at > 0 && (late[at - 1] as number) > tradeId) at--
    if (late[at - 1] === tradeId) return false
    if (late.length >= maxLateIds) {
      throw new LimitError(
        `${maxLateIds} trades came late into one window (at id ${tradeId}): is the grace too short for this feed?`,
      )
    }
    late.splice(at, 0, tradeId)
    this.count++
    return true
  }

  /** A hole that begins behind the last trade so far. */
  addHole(hole: MissingIds): void {
    this.#hole = hole
  }

  merge(other: IdCoverage): void {
    this.count += other.count
    if (other.#lowest < this.#lowest) {
      this.#lowest = other.#lowest
      this.#before = other.#before
    }
    if (other.#hole !== null && other.#hole.first > (this.#hole?.first ?? -Infinity)) this.#hole = other.#hole
    this.#late.push(...other.#late)
    this.#late.sort((a, b) => a - b)
  }

  missing({ firstId, lastId }: Candle): number {
    return lastId - firstId + 1 - this.count
  }

  isComplete(candle: Candle): boolean {
    const hole = this.#hole
    const behind = candle.lastId + 1
    const goesOn = hole === null || behind < hole.first || behind > hole.last
    return this.missing(candle) === 0 && this.#before !== null && this.#before + 1 === candle.firstId && goesOn
  }

  /** As JSON-safe data. */
  snapshot(): IdCoverageData {
    const hole = this.#hole
    const lowest = this.#lowest === Infinity ? null : this.#lowest
    return [this.count, lowest, this.#before, hole === null ? null : [hole.first, hole.last], this.#late]
  }
}
