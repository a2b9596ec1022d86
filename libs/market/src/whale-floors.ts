import { anySymbol, parseSymbolAmounts } from './symbol-amounts.ts'

/** From which quote quantity on a taker order is a whale's, by symbol. */
export interface WhaleFloors {
  /** The symbol's floor in its quote asset; undefined where whales are not judged. */
  floorOf(symbol: string): number | undefined
  /** What whoever set the floors should know about these symbols: those for which the common floor is off. */
  warningsFor(symbols: readonly string[]): string[]
}

export type ParsedWhaleFloors =
  { readonly ok: true; readonly value: WhaleFloors } | { readonly ok: false; readonly issues: readonly string[] }

/** Quote assets worth about a dollar, so that one common floor means the same for all of them. */
const dollarLikeQuotes = ['USDT', 'USDC', 'FDUSD', 'TUSD', 'BUSD', 'USDP', 'USD1', 'DAI', 'USD'] as const

/**
 * Reads floors such as `BTCUSDT=250000,*=100000`: a symbol's own floor, in its quote asset, or `*` for all others whose quote
 * is worth about a dollar. For any other quote (`ETHBTC`) the number of `*` means nothing, so whales are off there, with a
 * warning, unless the symbol has a floor of its own. All that is wrong is listed at once.
 */
export function parseWhaleFloors(text: string): ParsedWhaleFloors {
  const parsed = parseSymbolAmounts('whale floor', text)
  return parsed.ok ? { ok: true, value: whaleFloors(parsed.value) } : parsed
}

function whaleFloors(floors: ReadonlyMap<string, number>): WhaleFloors {
  const common = floors.get(anySymbol)
  return {
    floorOf: (symbol) => floors.get(symbol) ?? (isDollarLike(symbol) ? common : undefined),
    warningsFor: (symbols) =>
      symbols
        .filter((symbol) => common !== undefined && !floors.has(symbol) && !isDollarLike(symbol))
        .map(
          (symbol) =>
            `whale orders of ${symbol} are off: the floor *=${common} is in dollars, its quote asset is not; give ${symbol} its own`,
        ),
  }
}

function isDollarLike(symbol: string): boolean {
  return dollarLikeQuotes.some((quote) => symbol.endsWith(quote))
}
