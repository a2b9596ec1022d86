import { distance } from 'fastest-levenshtein'
import type { FeedLogger } from '../trade-feed.ts'
import type { ExchangeRest } from './exchange-rest.ts'
import { RestError } from './rest-error.ts'
import type { SymbolInfo } from './rest-rows.ts'

/** What is wrong with a list of symbols, by the exchange's own list. */
export interface SymbolCheck {
  readonly unknown: readonly UnknownSymbol[]
  /** Symbols that exist but are not traded now. */
  readonly idle: readonly SymbolInfo[]
}

export interface UnknownSymbol {
  readonly symbol: string
  /** What may have been meant, the likeliest first; at most three. */
  readonly near: readonly string[]
}

/** Compares symbols with those of the exchange. Pure. */
export function checkSymbols(wanted: readonly string[], known: readonly SymbolInfo[]): SymbolCheck {
  const bySymbol = new Map(known.map((info) => [info.symbol, info]))
  const unknown = wanted.filter((symbol) => !bySymbol.has(symbol))
  const found = wanted.flatMap((symbol) => bySymbol.get(symbol) ?? [])
  return {
    unknown: unknown.map((symbol) => ({ symbol, near: nearest(symbol, known) })),
    idle: found.filter(({ status }) => status !== 'TRADING'),
  }
}

const maxNear = 3

/** Symbols of the same base asset where that alone was given; else those that take the fewest edits. What is traded comes first. */
function nearest(symbol: string, known: readonly SymbolInfo[]): readonly string[] {
  const wanted = symbol.toUpperCase().replace(/[^\p{L}\p{N}]/gu, '')
  const pairs = known.filter(({ baseAsset }) => baseAsset === wanted)
  const maxEdits = Math.ceil(wanted.length / 3)
  const quoteUse = Map.groupBy(known, ({ quoteAsset }) => quoteAsset)
  return (pairs.length > 0 ? pairs : known)
    .map((info) => ({
      symbol: info.symbol,
      edits: pairs.length > 0 ? 0 : distance(wanted, info.symbol),
      isIdle: info.status === 'TRADING' ? 0 : 1,
      quoteUse: quoteUse.get(info.quoteAsset)?.length ?? 0,
    }))
    .filter(({ edits }) => edits <= maxEdits)
    .sort(
      (a, b) => a.edits - b.edits || a.isIdle - b.isIdle || b.quoteUse - a.quoteUse || (a.symbol < b.symbol ? -1 : 1),
    )
    .slice(0, maxNear)
    .map((near) => near.symbol)
}

/** Symbols that the exchange does not have: nothing would ever come of them. */
export class UnknownSymbolsError extends Error {
  override readonly name = 'UnknownSymbolsError'
  readonly symbols: readonly UnknownSymbol[]

  constructor(symbols: readonly UnknownSymbol[], exchange: string) {
    super(`${exchange} has no ${symbols.map(describe).join(', and no ')}`)
    this.symbols = symbols
  }
}

function describe({ symbol, near }: UnknownSymbol): string {
  const [last, ...others] = near.toReversed()
  if (last === undefined) return `${symbol} (nor anything like it)`
  return `${symbol} (did you mean ${others.length === 0 ? '' : `${others.toReversed().join(', ')} or `}${last}?)`
}

/**
 * Rejects with an `UnknownSymbolsError` that names all symbols the exchange does not have, with near ones. Symbols that are not traded
 * now are told to the logger; so is an exchange that can't be asked, since its streams may still be there: it resolves to false then.
 */
export async function requireSymbols(
  rest: Pick<ExchangeRest, 'exchangeInfo' | 'url'>,
  symbols: readonly string[],
  { logger, signal }: { readonly logger: Pick<FeedLogger, 'warn'>; readonly signal?: AbortSignal },
): Promise<boolean> {
  const exchange = rest.url
  let known: readonly SymbolInfo[]
  try {
    known = (await rest.exchangeInfo(signal)).symbols
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    logger.warn({ exchange }, `the symbols could not be checked: ${error.message}`)
    return false
  }
  const { unknown, idle } = checkSymbols(symbols, known)
  if (unknown.length > 0) throw new UnknownSymbolsError(unknown, exchange)
  for (const { symbol, status } of idle) {
    logger.warn({ exchange, symbol, status }, `${symbol} is not traded now: its status is ${status}`)
  }
  return true
}
