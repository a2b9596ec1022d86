import {
  TradeHistoryError,
  type LastTrade,
  type TradeHistory,
  type TradeHistoryErrorCode,
  type TradePage,
  type TradeRange,
} from '../trade-history.ts'
import type { FeedLogger } from '../trade-feed.ts'
import { dailyTickerWeight, maxRestRows, type ExchangeRest } from './exchange-rest.ts'
import { RestError, type RestErrorCode } from './rest-error.ts'
import type { DailyTicker, TradeRows } from './rest-rows.ts'

/** Hosts that are known to serve market data only, without `historicalTrades`. Any other is found out by asking it. */
const marketDataHosts: ReadonlySet<string> = new Set(['data-api.binance.vision'])

/** Symbols without a trade for a day are asked about one by one: so many in a call, the others in later ones. */
const maxIdleAsked = 10

/**
 * The trades of the past over REST, one by one. Recent ones come from `trades`, which is served from memory; older ones from
 * `historicalTrades`, where the host has it: where it turns out that it has not, `reach` becomes `last-1000`.
 */
export function restTradeHistory(rest: ExchangeRest, logger: Pick<FeedLogger, 'warn'>): TradeHistory {
  return new RestTradeHistory(rest, logger)
}

class RestTradeHistory implements TradeHistory {
  readonly #rest: ExchangeRest
  readonly #logger: Pick<FeedLogger, 'warn'>
  #reach: TradeHistory['reach']
  /** The highest id of each symbol that an answer has shown: tells whether the newest 1,000 can hold what is asked for. */
  readonly #newest = new Map<string, number>()
  /** Symbols that were not traded for a day: their last trade at that time. */
  readonly #idle = new Map<string, { readonly id: number; readonly asOfMs: number }>()

  constructor(rest: ExchangeRest, logger: Pick<FeedLogger, 'warn'>) {
    this.#rest = rest
    this.#logger = logger
    this.#reach = marketDataHosts.has(new URL(rest.url).hostname) ? 'last-1000' : 'any'
  }

  get reach(): TradeHistory['reach'] {
    return this.#reach
  }

  async lastTradeIds(symbols: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, LastTrade>> {
    const wanted = new Set(symbols)
    if (wanted.size === 0) return new Map()
    const tickers = await this.#orFail(() => this.#tickers([...wanted], signal))
    const last = new Map([...wanted].map((symbol): [string, LastTrade] => [symbol, { id: -1, timeMs: 0 }]))
    let asked = 0
    for (const ticker of tickers) {
      const { symbol, lastTradeId, closeTimeMs } = ticker
      if (!wanted.has(symbol)) continue
      last.delete(symbol)
      if (lastTradeId === null && !this.#knowsIdle(ticker) && asked++ < maxIdleAsked) {
        await this.#orFail(() => this.#askIdle(ticker, signal))
      }
      const id = lastTradeId ?? (this.#knowsIdle(ticker) ? this.#idle.get(symbol)?.id : undefined)
      if (id !== undefined) last.set(symbol, { id, timeMs: closeTimeMs })
      this.#saw(symbol, id)
    }
    return last
  }

  /** Whether it is known what was last before the hours that the ticker is about. */
  #knowsIdle({ symbol, openTimeMs }: DailyTicker): boolean {
    return (this.#idle.get(symbol)?.asOfMs ?? -Infinity) >= openTimeMs
  }

  async #askIdle({ symbol, closeTimeMs }: DailyTicker, signal: AbortSignal | undefined): Promise<void> {
    const ids = idsOf(await this.#rest.trades(symbol, signal))
    this.#idle.set(symbol, { id: ids.at(-1) ?? -1, asOfMs: closeTimeMs })
  }

  async trades(range: TradeRange, signal?: AbortSignal): Promise<TradePage> {
    return this.#orFail(async () => {
      const { symbol, fromId } = range
      const newest = this.#newest.get(symbol)
      const isRecent = newest === undefined || newest - fromId < maxRestRows
      if (isRecent || this.#reach === 'last-1000') {
        const page = await this.#fromNewest(range, signal)
        if (page.completeFromId <= fromId || this.#reach === 'last-1000') return page
      }
      return this.#fromHistory(range, signal)
    })
  }

  async serverTimeMs(signal?: AbortSignal): Promise<number> {
    const { timeMs } = await this.#orFail(() => this.#rest.time(signal))
    return Math.floor(timeMs)
  }

  /** One request, unless a symbol does not exist: then the list of all tells which do. */
  async #tickers(symbols: readonly string[], signal: AbortSignal | undefined) {
    const isWorthNaming = dailyTickerWeight(symbols.length) < dailyTickerWeight(0)
    try {
      return await this.#rest.dailyTickers(isWorthNaming ? symbols : [], signal)
    } catch (error) {
      if (!isWorthNaming || !(error instanceof RestError) || error.code !== 'unknown-symbol') throw error
      return this.#rest.dailyTickers([], signal)
    }
  }

  async #fromNewest({ symbol, fromId, limit }: TradeRange, signal: AbortSignal | undefined): Promise<TradePage> {
    const rows = await this.#rest.trades(symbol, signal)
    const ids = idsOf(rows)
    this.#saw(symbol, ids.at(-1))
    // Fewer than 1,000 need not be all that there were: they are what the exchange has in memory.
    const completeFromId = Math.max(fromId, ids[0] ?? fromId)
    const toId = ids.filter((id) => id >= fromId)[limit - 1] ?? Infinity
    return { ...between(rows, fromId, toId), completeFromId }
  }

  async #fromHistory(range: TradeRange, signal: AbortSignal | undefined): Promise<TradePage> {
    const rows = await this.#rest.historicalTrades(range, signal).catch((error: unknown) => {
      const isRefused = error instanceof RestError && (error.code === 'not-served' || error.code === 'unauthorised')
      if (!isRefused) throw error
      this.#reach = 'last-1000'
      this.#logger.warn(
        { exchange: this.#rest.url },
        `${error.message}: only the newest ${maxRestRows} trades of a symbol can be had`,
      )
      return undefined
    })
    if (rows === undefined) return this.#fromNewest(range, signal)
    this.#saw(range.symbol, idsOf(rows).at(-1))
    return { ...between(rows, range.fromId), completeFromId: range.fromId }
  }

  #saw(symbol: string, tradeId: number | undefined): void {
    if (tradeId !== undefined) this.#newest.set(symbol, Math.max(tradeId, this.#newest.get(symbol) ?? 0))
  }

  async #orFail<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof RestError)) throw error
      const { message, retryAfterMs } = error
      throw new TradeHistoryError(codes[error.code], message, {
        cause: error,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      })
    }
  }
}

/** Of all rows that have one, ascending. */
function idsOf({ trades, rejected }: TradeRows): number[] {
  const ids = trades.map(({ trade_id }) => trade_id)
  for (const { tradeId } of rejected) if (tradeId !== undefined) ids.push(tradeId)
  return ids.sort((a, b) => a - b)
}

function between({ trades, rejected }: TradeRows, fromId: number, toId = Infinity): TradeRows {
  const isWithin = (id: number): boolean => fromId <= id && id <= toId
  return {
    trades: trades.filter(({ trade_id }) => isWithin(trade_id)),
    rejected: rejected.filter(({ tradeId }) => tradeId === undefined || isWithin(tradeId)),
  }
}

const codes: Readonly<Record<RestErrorCode, TradeHistoryErrorCode>> = {
  'rate-limited': 'rate-limited',
  unavailable: 'unavailable',
  unauthorised: 'unauthorised',
  'not-served': 'unauthorised',
  'unknown-symbol': 'refused',
  refused: 'refused',
}
