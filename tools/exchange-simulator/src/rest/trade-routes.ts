import { aggregatesIn } from '../history/aggregates.ts'
import type { Aggregate } from '../history/aggregates.ts'
import type { HistoryTrade } from '../history/candle.ts'
import { productText, unitsText } from '../history/decimal-units.ts'
import type { SymbolHistory } from '../history/symbol-history.ts'
import type { TradeColumns } from '../history/trade-columns.ts'
import { restError } from './rest-error.ts'
import { aboutSymbol } from './rest-request.ts'
import type { RestOutcome, RestRequest } from './rest-request.ts'

/** `GET /api/v3/trades`: the newest trades, from memory. */
export function trades(request: RestRequest): Promise<RestOutcome> {
  const symbol = request.parameters.symbol()
  const limit = request.parameters.limit()
  return aboutSymbol(request, symbol, ({ trades }) =>
    tradesIn(trades, trades.length - limit, trades.length).map((trade) => tradeRow(trade, request)),
  )
}

/** `GET /api/v3/historicalTrades`: trades from an id on, or the newest, from the database. */
export function historicalTrades(request: RestRequest): Promise<RestOutcome> {
  const symbol = request.parameters.symbol()
  const limit = request.parameters.limit()
  const fromId = request.parameters.integer('fromId')
  return aboutSymbol(request, symbol, ({ trades }) => {
    const end = databaseEnd(trades, request)
    const from = fromId === undefined ? end - limit : trades.placeOfId(fromId)
    return tradesIn(trades, from, Math.min(end, from + limit)).map((trade) => tradeRow(trade, request))
  })
}

/** `GET /api/v3/aggTrades`: the fills of an order at one price as one, from the database. */
export function aggTrades(request: RestRequest): Promise<RestOutcome> {
  const { parameters } = request
  const symbol = parameters.symbol()
  const limit = parameters.limit()
  const [fromId, startMs, endMs] = [
    parameters.integer('fromId'),
    parameters.time('startTime'),
    parameters.time('endTime'),
  ]
  if (fromId !== undefined && (startMs !== undefined || endMs !== undefined)) {
    parameters.fail(restError(-1128, 'Combination of optional parameters invalid.'))
  }
  return aboutSymbol(request, symbol, (history) => {
    const { trades } = history
    const end = Math.min(databaseEnd(trades, request), endMs === undefined ? Infinity : trades.placeOfTime(endMs + 1))
    if (fromId === undefined && startMs === undefined) return aggregatesBefore(history, end, limit).map(toRow(request))
    const from = fromId === undefined ? trades.placeOfTime(startMs ?? 0) : trades.placeOfAggregateId(fromId)
    const first = Math.max(from, firstWhole(trades))
    return aggregatesIn(trades, { from: first, end, limit }).map(toRow(request))
  })
}

function aggregatesBefore({ trades }: SymbolHistory, end: number, limit: number): readonly Aggregate[] {
  const last = trades.at(end - 1)
  if (last === undefined) return []
  const from = trades.placeOfAggregateId(last.aggregateId - limit + 1)
  return aggregatesIn(trades, { from: Math.max(from, firstWhole(trades)), end })
}

/** Where the first aggregate begins of which no fill was forgotten. */
function firstWhole(trades: TradeColumns): number {
  const oldest = trades.at(0)
  return oldest === undefined || oldest.id === oldest.aggregateId
    ? 0
    : trades.placeOfAggregateId(oldest.aggregateId + 1)
}

function databaseEnd(trades: TradeColumns, { nowMs, databaseLagMs }: RestRequest): number {
  return databaseLagMs === 0 ? trades.length : trades.placeOfTime(nowMs - databaseLagMs)
}

function tradesIn(trades: TradeColumns, from: number, end: number): readonly HistoryTrade[] {
  const first = Math.max(0, from)
  return Array.from({ length: Math.max(0, end - first) }, (_, index) => trades.at(first + index) as HistoryTrade)
}

function tradeRow({ id, price, quantity, timeMs, isBuyerMaker }: HistoryTrade, { time }: RestRequest) {
  return {
    id,
    price: unitsText(price),
    qty: unitsText(quantity),
    quoteQty: productText(price * quantity),
    time: time(timeMs),
    isBuyerMaker,
    isBestMatch: true,
  }
}

function toRow({ time }: RestRequest) {
  return ({ first, lastId, quantity }: Aggregate) => ({
    a: first.aggregateId,
    p: unitsText(first.price),
    q: unitsText(quantity),
    f: first.id,
    l: lastId,
    T: time(first.timeMs),
    m: first.isBuyerMaker,
    M: true,
  })
}
