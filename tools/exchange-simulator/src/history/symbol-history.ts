import { IdRanges } from '../id-ranges.ts'
import { mergeCandles, tradeCandle } from './candle.ts'
import type { Candle, HistoryTrade } from './candle.ts'
import { toUnits } from './decimal-units.ts'
import { TradeColumns } from './trade-columns.ts'

/** How much of a symbol is kept. */
export interface HistoryLimits {
  readonly maxTrades: number
  /** Minutes of which there is a candle. */
  readonly maxMinutes: number
}

export const MINUTE_MS = 60_000

/** A trade as a source publishes it; decimals are text. */
export interface PublishedTrade {
  readonly symbol: string
  readonly tradeId: number
  readonly price: string
  readonly quantity: string
  readonly tradeTimeMs: number
  readonly isBuyerMaker: boolean
}

/** What a symbol has published: the newest trades, the candles of the last minutes, and all ids ever. */
export class SymbolHistory {
  readonly symbol: string
  readonly trades: TradeColumns
  readonly ids = new IdRanges()
  readonly #maxMinutes: number
  readonly #minutes: Candle[] = []
  #last: HistoryTrade | undefined

  constructor(symbol: string, { maxTrades, maxMinutes }: HistoryLimits) {
    this.#maxMinutes = maxMinutes
    this.symbol = symbol
    this.trades = new TradeColumns(maxTrades)
  }

  /** The trade with the highest id. */
  get last(): HistoryTrade | undefined {
    return this.#last
  }

  /** Candles of a minute each, oldest first; minutes without trades have none. */
  get minutes(): readonly Candle[] {
    return this.#minutes
  }

  /** Adds a trade; one that is there already changes nothing. */
  append({ tradeId, price, quantity, tradeTimeMs, isBuyerMaker }: PublishedTrade): void {
    if (!this.ids.add(tradeId)) return
    const last = this.#last
    const terms = { price: toUnits(price), quantity: toUnits(quantity), timeMs: tradeTimeMs, isBuyerMaker }
    const isNewest = last === undefined || tradeId > last.id
    // Aggregates are numbered from the first trade's id on. One that comes out of order counts to its successor's.
    const follower = isNewest ? undefined : this.trades.at(this.trades.placeOfId(tradeId))
    const aggregateId = follower?.aggregateId ?? nextAggregateId(last, { id: tradeId, ...terms })
    const trade = { id: tradeId, aggregateId, ...terms }
    this.trades.insert(isNewest ? this.trades.length : this.trades.placeOfId(tradeId), trade)
    if (isNewest) this.#last = trade
    this.#addToMinute(trade)
  }

  #addToMinute(trade: HistoryTrade): void {
    const openMs = trade.timeMs - (trade.timeMs % MINUTE_MS)
    const candle = tradeCandle(trade, openMs)
    const at = this.#minutes.findLastIndex((minute) => minute.openMs <= openMs)
    const minute = this.#minutes[at]
    if (minute?.openMs === openMs) {
      this.#minutes[at] = withTrade(minute, candle)
      return
    }
    this.#minutes.splice(at + 1, 0, candle)
    if (this.#minutes.length > this.#maxMinutes) this.#minutes.shift()
  }
}

/** A trade that comes out of order, between others, moves neither the open nor the close. */
function withTrade(minute: Candle, trade: Candle): Candle {
  if (trade.firstId < minute.firstId) return mergeCandles(trade, minute)
  const merged = mergeCandles(minute, trade)
  return trade.lastId > minute.lastId ? merged : { ...merged, lastId: minute.lastId, close: minute.close }
}

function nextAggregateId(last: HistoryTrade | undefined, trade: Omit<HistoryTrade, 'aggregateId'>): number {
  if (last === undefined) return trade.id
  const isSameOrder =
    last.timeMs === trade.timeMs && last.price === trade.price && last.isBuyerMaker === trade.isBuyerMaker
  return isSameOrder ? last.aggregateId : last.aggregateId + 1
}
