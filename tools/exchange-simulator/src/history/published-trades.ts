import { SymbolHistory } from './symbol-history.ts'
import type { PublishedTrade } from './symbol-history.ts'

/** Trades kept over all symbols, in equal parts. */
export const DEFAULT_HISTORY_TRADES = 2_000_000
/** Least kept of a symbol: what one `trades` request may ask for. */
const MIN_TRADES_PER_SYMBOL = 1000

/** Minutes of which a candle is kept: of a symbol a day, as the rolling ticker needs it, and an hour; and of all together. */
const MAX_MINUTES_PER_SYMBOL = 25 * 60
const MAX_MINUTES = 300_000

/** What a source has published so far: what the exchange's REST side can be asked about. */
export class PublishedTrades {
  readonly #symbols: ReadonlyMap<string, SymbolHistory>

  constructor(symbols: readonly string[], maxTrades: number) {
    const share = 1 / Math.max(1, symbols.length)
    const limits = {
      maxTrades: Math.max(MIN_TRADES_PER_SYMBOL, Math.floor(maxTrades * share)),
      maxMinutes: Math.min(MAX_MINUTES_PER_SYMBOL, Math.floor(MAX_MINUTES * share)),
    }
    this.#symbols = new Map(symbols.map((symbol) => [symbol, new SymbolHistory(symbol, limits)]))
  }

  get symbols(): readonly string[] {
    return [...this.#symbols.keys()]
  }

  /** Undefined for a symbol that the source does not have. */
  of(symbol: string): SymbolHistory | undefined {
    return this.#symbols.get(symbol)
  }

  append(trade: PublishedTrade): void {
    this.#symbols.get(trade.symbol)?.append(trade)
  }
}
