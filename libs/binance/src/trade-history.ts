import type { Trade } from '@tidemark/schemas'
import type { RejectedFrame } from './frame-parser.ts'

/** The newest trade of a symbol that the exchange knows of. */
export interface LastTrade {
  readonly id: number
  /** When the exchange's figures were made, in its own time; milliseconds since the epoch. */
  readonly timeMs: number
}

/** Which trades to get: those with an id of `fromId` or above, the lowest first, at most `limit` (1 to 1,000). */
export interface TradeRange {
  readonly symbol: string
  readonly fromId: number
  readonly limit: number
}

/** A row of the exchange's that is no trade, or that would lose digits; its bytes are the row as JSON. */
export interface RejectedTrade extends RejectedFrame {
  /** Undefined where that can't be read either. */
  readonly tradeId: number | undefined
}

/** Single trades, ascending by id; `fromId` and above only. */
export interface TradePage {
  readonly trades: readonly Trade[]
  /** What the exchange has among them and can't be taken, ascending by id; those without an id come last. */
  readonly rejected: readonly RejectedTrade[]
  /**
   * From this id on the page leaves out nothing that the exchange has, up to its last id (or, where it has less than `limit`, up to
   * what the exchange serves so far: rows of a database may lag behind the stream). It is above `fromId` where the exchange serves
   * the newest trades only: those before it can't be had.
   */
  readonly completeFromId: number
}

/**
 * The trades of the past, one by one as they were made: never put together from aggregates. Every call rejects with a
 * `TradeHistoryError`; it keeps the exchange's budget by itself and does not wait for it: a call that is too much is `rate-limited`.
 */
export interface TradeHistory {
  /** `any`: from any id on. `last-1000`: hosts without `historicalTrades`, which serve a symbol's newest 1,000 trades. */
  readonly reach: 'any' | 'last-1000'
  /**
   * The newest trade of each symbol, in one request where all were traded in the last 24 h. One that was never traded, or does not
   * exist, has the id -1; one of which it is not known yet is left out.
   */
  lastTradeIds(symbols: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, LastTrade>>
  /** With `event_time_ms` = `trade_time_ms`: the past has no time of sending. */
  trades(range: TradeRange, signal?: AbortSignal): Promise<TradePage>
  /** The exchange's clock; milliseconds since the epoch. */
  serverTimeMs(signal?: AbortSignal): Promise<number>
}

/**
 * `rate-limited`: not now (429, 418, or the budget is used up). `unavailable`: no answer, or one that says nothing about the request (5xx,
 * a broken body). `unauthorised`: this host does not serve it to us. `refused`: the request is wrong, such as an unknown symbol.
 */
export type TradeHistoryErrorCode = 'rate-limited' | 'unavailable' | 'unauthorised' | 'refused'

/** Why the past could not be read; the message names the address and the likely cause. */
export class TradeHistoryError extends Error {
  override readonly name = 'TradeHistoryError'
  readonly code: TradeHistoryErrorCode
  /** No request before this many milliseconds have passed; set where `rate-limited`. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: TradeHistoryErrorCode,
    message: string,
    options: ErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(message, options)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }

  /** False where the same request will be answered in the same way. */
  get retriable(): boolean {
    return this.code === 'rate-limited' || this.code === 'unavailable'
  }
}
