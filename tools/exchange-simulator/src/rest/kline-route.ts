import type { Candle } from '../history/candle.ts'
import { candlesOf } from '../history/candles.ts'
import type { CandleRange } from '../history/candles.ts'
import { productText, unitsText } from '../history/decimal-units.ts'
import { intervalMs, KLINE_INTERVALS, spanAt, timeZoneOffsetMs } from '../kline-interval.ts'
import type { KlineInterval } from '../kline-interval.ts'
import { notValid } from './parameters.ts'
import { restError } from './rest-error.ts'
import { aboutSymbol } from './rest-request.ts'
import type { RestOutcome, RestRequest } from './rest-request.ts'

/** `GET /api/v3/klines` and `uiKlines`: candles, as rows of twelve. */
export function klines(request: RestRequest): Promise<RestOutcome> {
  const { parameters, time } = request
  const symbol = parameters.symbol()
  const interval = intervalOf(request)
  const limit = parameters.limit()
  const [startMs, endMs] = [parameters.time('startTime'), parameters.time('endTime')]
  const offsetMs = timeZoneOffsetMs(parameters.text('timeZone') ?? '0')
  if (offsetMs === undefined) parameters.fail(notValid('timeZone'))
  return aboutSymbol(request, symbol, (history) => {
    const nowMs = Math.max(request.nowMs, history.last?.timeMs ?? 0)
    const toMs = Math.min(endMs ?? Infinity, nowMs)
    const fromMs = startMs ?? toMs - limit * intervalMs(interval)
    const range: CandleRange = { fromMs, toMs, limit, end: startMs === undefined ? 'last' : 'first' }
    const candles = candlesOf(history, range, { interval, offsetMs: offsetMs ?? 0 })
    return candles.map((candle) => {
      const closeMs = spanAt(interval, candle.openMs, offsetMs).endMs - 1
      return row(candle, time(candle.openMs), lastMoment(closeMs, time))
    })
  })
}

/** A candle closes one unit of its time before the next opens. */
function lastMoment(closeMs: number, time: (timeMs: number) => number): number {
  return time(closeMs + 1) - 1
}

function intervalOf({ parameters }: RestRequest): KlineInterval {
  const text = parameters.mandatory('interval')
  const interval = KLINE_INTERVALS.find((known) => known === text)
  if (text !== '' && interval === undefined) parameters.fail(restError(-1120, 'Invalid interval.'))
  return interval ?? '1m'
}

function row(candle: Candle, openTime: number, closeTime: number): readonly (number | string)[] {
  const { open, high, low, close, volume, quoteVolume, count, takerVolume, takerQuoteVolume } = candle
  const prices = [open, high, low, close].map(unitsText)
  return [
    openTime,
    ...prices,
    unitsText(volume),
    closeTime,
    productText(quoteVolume),
    count,
    unitsText(takerVolume),
    productText(takerQuoteVolume),
    '0',
  ]
}
