import type { PublishedTrades } from './history/published-trades.ts'

/** What a symbol has published: every id once, as runs of consecutive ones. */
export interface SymbolTruth {
  readonly count: number
  readonly runs: readonly (readonly [first: number, last: number])[]
}

/** All trades published so far, for whoever checks that none was lost: the answer of `GET /simulator/truth`. */
export interface Truth {
  /** The exchange's time. */
  readonly time_ms: number
  readonly symbols: Readonly<Record<string, SymbolTruth>>
}

export function truthOf(published: PublishedTrades, nowMs: number): Truth {
  const symbols = published.symbols.map((symbol) => {
    const ids = published.of(symbol)?.ids
    return [symbol, { count: ids?.count ?? 0, runs: ids?.runs ?? [] }] as const
  })
  return { time_ms: nowMs, symbols: Object.fromEntries(symbols) }
}
