import { systemClock, type FeedClock } from '../feed-clock.ts'
import type { AggTrade, Kline, KlineInterval } from '../market-events.ts'
import { RestClient, type RestClientOptions } from './rest-client.ts'
import {
  readAggTrades,
  readDailyTickers,
  readExchangeInfo,
  readKlines,
  readPrices,
  readServerTime,
  readTradeRows,
  type DailyTicker,
  type ExchangeInfo,
  type Price,
  type ServerTime,
  type TradeRows,
} from './rest-rows.ts'

/** Rows of a reply at most, and by default here; the exchange's own default is 500. */
export const maxRestRows = 1_000

/** Some of a symbol's past. Without times: the newest; with `startTimeMs`: the oldest from there on. Both ends are included. */
export interface PastRange {
  readonly symbol: string
  readonly startTimeMs?: number
  readonly endTimeMs?: number
  /** 1 to 1,000. */
  readonly limit?: number
}

/** Some of a symbol's trades, by id. */
export interface IdRange {
  readonly symbol: string
  readonly fromId: number
  /** 1 to 1,000. */
  readonly limit?: number
}

export interface ExchangeRestOptions extends RestClientOptions {
  readonly clock?: Pick<FeedClock, 'nowMs' | 'elapsedMs' | 'setTimer'>
}

/** What the exchange serves over HTTP without a key, typed and checked, within its budget. All calls reject with a `RestError`. */
export class ExchangeRest {
  readonly #client: RestClient
  readonly #nowMs: () => number

  /** Throws a RangeError for an address that can't be used. */
  constructor(options: ExchangeRestOptions) {
    this.#client = new RestClient(options)
    this.#nowMs = (options.clock ?? systemClock).nowMs
  }

  get url(): string {
    return this.#client.url
  }

  async ping(signal?: AbortSignal): Promise<void> {
    await this.#client.get({ path: '/api/v3/ping', weight: 1, signal })
  }

  /** The exchange's clock, in microseconds where it gives them. */
  async time(signal?: AbortSignal): Promise<ServerTime> {
    return readServerTime(await this.#client.get({ path: '/api/v3/time', weight: 1, inMicroseconds: true, signal }))
  }

  /** All symbols that there are. */
  async exchangeInfo(signal?: AbortSignal): Promise<ExchangeInfo> {
    const query = { showPermissionSets: 'false' }
    return readExchangeInfo(await this.#client.get({ path: '/api/v3/exchangeInfo', query, weight: 20, signal }))
  }

  /** A symbol's newest 1,000 single trades, from the exchange's memory. */
  trades(symbol: string, signal?: AbortSignal): Promise<TradeRows> {
    return this.#tradeRows('/api/v3/trades', { symbol, limit: maxRestRows }, signal)
  }

  /** Single trades with an id of `fromId` or above, the lowest first. From a database, which may be behind the stream. */
  historicalTrades({ symbol, fromId, limit = maxRestRows }: IdRange, signal?: AbortSignal): Promise<TradeRows> {
    return this.#tradeRows('/api/v3/historicalTrades', { symbol, fromId, limit }, signal)
  }

  /** Trades of one taker order, price and time put together; ascending. */
  async aggTrades(range: PastRange, signal?: AbortSignal): Promise<readonly AggTrade[]> {
    const body = await this.#client.get({ path: '/api/v3/aggTrades', query: queryOf(range), weight: 4, signal })
    return readAggTrades(body, range.symbol)
  }

  /** Candles, bounded by UTC; ascending by open time. */
  async klines(
    range: PastRange & { readonly interval: KlineInterval },
    signal?: AbortSignal,
  ): Promise<readonly Kline[]> {
    const { interval, symbol } = range
    const query = { ...queryOf(range), interval }
    const body = await this.#client.get({ path: '/api/v3/klines', query, weight: 2, signal })
    return readKlines(body, symbol, interval)
  }

  /** The newest price of each symbol; of all where none is named. One that does not exist fails the whole: `unknown-symbol`. */
  async prices(symbols: readonly string[] = [], signal?: AbortSignal): Promise<readonly Price[]> {
    return readPrices(
      await this.#client.get({ path: '/api/v3/ticker/price', query: listOf(symbols), weight: 4, signal }),
    )
  }

  /** The last 24 hours of each symbol; of all where none is named. One that does not exist fails the whole: `unknown-symbol`. */
  async dailyTickers(symbols: readonly string[] = [], signal?: AbortSignal): Promise<readonly DailyTicker[]> {
    const query = { ...listOf(symbols), type: 'MINI' }
    const weight = dailyTickerWeight(symbols.length)
    return readDailyTickers(await this.#client.get({ path: '/api/v3/ticker/24hr', query, weight, signal }))
  }

  async #tradeRows(path: string, query: TradeQuery, signal: AbortSignal | undefined): Promise<TradeRows> {
    const body = await this.#client.get({ path, query, weight: 25, signal })
    return readTradeRows(body, query.symbol, this.#nowMs())
  }
}

interface TradeQuery {
  readonly [name: string]: string | number
  readonly symbol: string
}

function queryOf({ symbol, startTimeMs, endTimeMs, limit = maxRestRows }: PastRange) {
  return { symbol, startTime: startTimeMs, endTime: endTimeMs, limit }
}

/** None means all. */
function listOf(symbols: readonly string[]): { readonly symbols?: string } {
  return symbols.length === 0 ? {} : { symbols: JSON.stringify(symbols) }
}

/** What `ticker/24hr` costs for this many symbols; 0 stands for all. */
export function dailyTickerWeight(symbols: number): number {
  if (symbols === 0 || symbols > 100) return 80
  return symbols > 20 ? 40 : 2
}
