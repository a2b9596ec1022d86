import { bestPrices } from '../history/best-prices.ts'
import { mergeCandles } from '../history/candle.ts'
import type { Candle } from '../history/candle.ts'
import { productText, quotient, unitsText } from '../history/decimal-units.ts'
import { MINUTE_MS } from '../history/symbol-history.ts'
import type { SymbolHistory } from '../history/symbol-history.ts'
import { restError } from './rest-error.ts'
import { failed, found, unknownSymbol } from './rest-request.ts'
import type { RestOutcome, RestRequest } from './rest-request.ts'

const DAY_MS = 24 * 60 * MINUTE_MS
const STATUSES = ['TRADING', 'HALT', 'BREAK', 'END_OF_DAY', 'CANCEL_ONLY'] as const

/** `GET /api/v3/ticker/24hr`: the last day of one symbol, of several, or of all. */
export function ticker24hr(request: RestRequest): Promise<RestOutcome> {
  const type = request.parameters.oneOf('type', ['FULL', 'MINI']) ?? 'FULL'
  return tickers(request, (history) => {
    const day = dayOf(history, request)
    return type === 'MINI' ? day.mini : { ...day.mini, ...day.more }
  })
}

/** `GET /api/v3/ticker/price`: the last price. */
export function tickerPrice(request: RestRequest): Promise<RestOutcome> {
  return tickers(request, ({ symbol, last }) => ({ symbol, price: unitsText(last?.price ?? 0n) }))
}

/** An object for one `symbol`, else a list. */
async function tickers(request: RestRequest, ticker: (history: SymbolHistory) => object): Promise<RestOutcome> {
  const { parameters, symbols } = request
  const asked = parameters.symbols()
  const status = parameters.oneOf('symbolStatus', STATUSES) ?? 'TRADING'
  if (asked !== undefined && status !== 'TRADING') {
    parameters.fail(restError(-1220, "The symbol's status does not match the requested symbolStatus."))
  }
  if (parameters.issue !== undefined) return failed(parameters.issue)
  const names = asked?.names ?? (status === 'TRADING' ? symbols : [])
  const published = await request.published()
  const histories = names.map((name) => published.of(name)).filter((history) => history !== undefined)
  if (histories.length < names.length) return failed(unknownSymbol())
  const bodies = histories.map(ticker)
  return found(asked?.isSingle ? bodies[0] : bodies)
}

/** The rolling day, opened at a full minute; the ids are -1 where nothing was traded in it. */
function dayOf(history: SymbolHistory, { nowMs, time }: RestRequest) {
  const { symbol, last } = history
  const openMs = Math.floor((nowMs - DAY_MS) / MINUTE_MS) * MINUTE_MS
  const minutes = history.minutes.filter((minute) => minute.openMs >= openMs)
  const before = history.minutes.findLast((minute) => minute.openMs < openMs)
  const [first, ...rest] = minutes
  const day = first && rest.reduce<Candle>(mergeCandles, first)
  const best = last && bestPrices(symbol, last)
  const [open, close] = [day?.open ?? 0n, day?.close ?? 0n]
  const text = (units: bigint | undefined) => unitsText(units ?? 0n)
  const mini = {
    symbol,
    openPrice: text(open),
    highPrice: text(day?.high),
    lowPrice: text(day?.low),
    lastPrice: text(close),
    volume: text(day?.volume),
    quoteVolume: productText(day?.quoteVolume ?? 0n),
    openTime: time(openMs),
    closeTime: time(nowMs),
    firstId: day?.firstId ?? -1,
    lastId: day?.lastId ?? -1,
    count: day?.count ?? 0,
  }
  const more = {
    priceChange: text(close - open),
    priceChangePercent: open === 0n ? '0.000' : ((Number(close - open) / Number(open)) * 100).toFixed(3),
    weightedAvgPrice: text(day && quotient(day.quoteVolume, day.volume)),
    prevClosePrice: text(before?.close ?? open),
    lastQty: text(last?.quantity),
    bidPrice: text(best?.bid),
    bidQty: text(best?.quantity),
    askPrice: text(best?.ask),
    askQty: text(best?.quantity),
  }
  return { mini, more }
}
