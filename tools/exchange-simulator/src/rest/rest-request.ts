import type { PublishedTrades } from '../history/published-trades.ts'
import type { SymbolHistory } from '../history/symbol-history.ts'
import type { Parameters } from './parameters.ts'
import { restError } from './rest-error.ts'
import type { RestError } from './rest-error.ts'

/** What a route answers from. */
export interface RestRequest {
  readonly parameters: Parameters
  readonly symbols: readonly string[]
  /** What was published so far; it may have to be read first, so only routes that need it ask. */
  readonly published: () => Promise<PublishedTrades>
  /** The exchange's time, in ms. */
  readonly nowMs: number
  /** What the exchange's database lags behind its streams: routes that read it know nothing newer. */
  readonly databaseLagMs: number
  readonly weightPerMinute: number
  /** A time in ms as the request wants it written: in ms or in µs. */
  readonly time: (timeMs: number) => number
}

/** The body of an answer, or the error instead of it. */
export type RestOutcome =
  { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly error: RestError }

/** An endpoint: what a request to it weighs, and what it answers. */
export interface RestRoute {
  weight(query: URLSearchParams): number
  answer(request: RestRequest): RestOutcome | Promise<RestOutcome>
}

export function found(body: unknown): RestOutcome {
  return { ok: true, body }
}

export function failed(error: RestError): RestOutcome {
  return { ok: false, error }
}

/** Answers about one symbol, once all its parameters are found good. */
export async function aboutSymbol(
  { parameters, published }: RestRequest,
  symbol: string,
  answer: (history: SymbolHistory) => unknown,
): Promise<RestOutcome> {
  const { issue } = parameters
  if (issue !== undefined) return failed(issue)
  const history = (await published()).of(symbol)
  return history === undefined ? failed(unknownSymbol()) : found(answer(history))
}

export function unknownSymbol(): RestError {
  return restError(-1121, 'Invalid symbol.')
}
