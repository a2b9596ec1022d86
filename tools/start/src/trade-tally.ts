/** The ids of a symbol's trades that count: both ends included. */
export interface IdRange {
  readonly firstId: number
  readonly lastId: number
}

interface SymbolTally extends IdRange {
  count: number
  lowest: number
  highest: number
}

/**
 * Counts distinct trades in Kafka against the ids of a source. Ids of a symbol ascend in its partition, so one that is not above
 * the highest so far is a repetition.
 */
export class TradeTally {
  readonly #symbols = new Map<string, SymbolTally>()

  constructor(ranges: Readonly<Record<string, IdRange>>) {
    for (const [symbol, range] of Object.entries(ranges)) {
      this.#symbols.set(symbol, { ...range, count: 0, lowest: 0, highest: -1 })
    }
  }

  add(symbol: string, tradeId: number): void {
    const tally = this.#symbols.get(symbol)
    if (tally === undefined || tradeId < tally.firstId || tradeId > tally.lastId || tradeId <= tally.highest) return
    if (tally.count === 0) tally.lowest = tradeId
    tally.count++
    tally.highest = tradeId
  }

  get count(): number {
    return [...this.#symbols.values()].reduce((sum, { count }) => sum + count, 0)
  }

  /** Ids between a symbol's first and last trade in Kafka that are not there. */
  get gaps(): number {
    return [...this.#symbols.values()].reduce(
      (sum, { count, lowest, highest }) => (count === 0 ? sum : sum + highest - lowest + 1 - count),
      0,
    )
  }
}
