/** What bounds the filling of holes; all times are in milliseconds. */
export interface ContinuityLimits {
  /** A missing id may still be on its way, on this connection or the other one: a hole is asked for once it is this old. */
  readonly suspectMs: number
  /** A hole is given up where the exchange's history has not got any further with it for this long, in which it could be asked. */
  readonly fillTimeoutMs: number
  /** The exchange's budget, or a ban, is waited for so long; what it lasts longer counts as time in which it could be asked. */
  readonly maxLimitedMs: number
  /** Of one hole at most so many ids are asked for, the newest ones. */
  readonly maxFillTrades: number
  /** Trades that wait behind holes, over all symbols; what comes beyond is asked for later. */
  readonly maxHeldTrades: number
  /** Holes that are filled at the same time. */
  readonly maxConcurrentPages: number
  /** Before a request that said nothing new is made again. */
  readonly retryMs: number
  /** After a connect, symbols have so long to show by themselves that nothing is missing. */
  readonly checkAfterMs: number
  /** Between two questions for the newest ids. */
  readonly checkIntervalMs: number
  /** Between two questions for the newest ids of all symbols, whatever the connections bring. */
  readonly auditIntervalMs: number
  /** A connection without an event for this long does not tell the time any more: the exchange is asked. */
  readonly quietMs: number
  /** Between two heartbeats of a symbol, in event time. */
  readonly watermarkIntervalMs: number
  /** How much later than another trade of the same moment one may arrive. */
  readonly watermarkMarginMs: number
}

export const defaultContinuityLimits: ContinuityLimits = {
  suspectMs: 250,
  fillTimeoutMs: 60_000,
  maxLimitedMs: 300_000,
  maxFillTrades: 1_000_000,
  maxHeldTrades: 200_000,
  maxConcurrentPages: 2,
  retryMs: 1_000,
  checkAfterMs: 1_000,
  checkIntervalMs: 5_000,
  auditIntervalMs: 60_000,
  quietMs: 5_000,
  watermarkIntervalMs: 1_000,
  watermarkMarginMs: 2_000,
}

/** Trades in one answer of the exchange's history. */
export const pageLimit = 1_000
