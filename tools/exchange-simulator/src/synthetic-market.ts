import type { SimulatedTrade } from './simulated-trade.ts'
import { SymbolMarket } from './symbol-market.ts'

/** Market time is made in slices of this length. */
export const SLICE_MS = 10

export interface SyntheticMarketOptions {
  readonly symbols: readonly string[]
  readonly seed: number
  readonly startMs: number
  /** Mean over time, for each symbol. */
  readonly tradesPerSecond: number
}

/** All trades in `[endMs - SLICE_MS, endMs)`, by trade time, and by id within a symbol. */
export interface MarketSlice {
  readonly endMs: number
  readonly trades: readonly SimulatedTrade[]
}

/**
 * A market of several symbols: Poisson arrivals with bursts, a random walk with volatility clusters and jumps, whales
 * of many fills. Same options, same trades. A symbol's trades depend on seed, start and rate only, not on the others;
 * and for another start they are the same, moved in time and ids.
 */
export class SyntheticMarket {
  readonly #markets: ReadonlyMap<string, SymbolMarket>
  #timeMs: number

  constructor({ symbols, ...options }: SyntheticMarketOptions) {
    this.#markets = new Map(symbols.map((symbol) => [symbol, new SymbolMarket({ symbol, ...options })]))
    this.#timeMs = options.startMs
  }

  /** Market time up to which trades were handed out. */
  get timeMs(): number {
    return this.#timeMs
  }

  /** Leaves out so many ids of the symbols, or of all. */
  skipIds(count: number, symbols: readonly string[] = [...this.#markets.keys()]): void {
    for (const symbol of symbols) this.#markets.get(symbol)?.skipIds(count)
  }

  next(): MarketSlice {
    this.#timeMs += SLICE_MS
    const trades: SimulatedTrade[] = []
    for (const market of this.#markets.values()) market.advanceTo(this.#timeMs, trades)
    // The sort is stable: trades of a symbol stay in the order of their ids.
    return { endMs: this.#timeMs, trades: trades.sort((a, b) => a.tradeTimeMs - b.tradeTimeMs) }
  }
}
