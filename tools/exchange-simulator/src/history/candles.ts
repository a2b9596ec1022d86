import { spanAt } from '../kline-interval.ts'
import type { KlineInterval, Span } from '../kline-interval.ts'
import { emptyCandle, mergeCandles, tradeCandle } from './candle.ts'
import type { Candle, HistoryTrade } from './candle.ts'
import type { SymbolHistory } from './symbol-history.ts'

/** Which candles: those that open in `[fromMs, toMs]`, the first or the last `limit` of them. */
export interface CandleRange {
  readonly fromMs: number
  readonly toMs: number
  readonly limit: number
  readonly end: 'first' | 'last'
}

/**
 * The candles of a symbol, oldest first, from the first that has trades to the last; those between that have none are
 * there too, at the last close. Made of the candles of minutes, of single trades where the interval is a second.
 */
export function candlesOf(
  history: SymbolHistory,
  range: CandleRange,
  { interval, offsetMs = 0 }: { readonly interval: KlineInterval; readonly offsetMs?: number },
): readonly Candle[] {
  const spanOf = (timeMs: number) => spanAt(interval, timeMs, offsetMs)
  const most = range.end === 'first' ? range.limit : Infinity
  const found: Candle[] = []
  for (const part of parts(history, interval, spanOf(range.fromMs).openMs)) {
    const { openMs } = spanOf(part.openMs)
    if (openMs < range.fromMs) continue
    if (openMs > range.toMs) break
    const previous = found.at(-1)
    if (previous?.openMs === openMs) {
      found[found.length - 1] = mergeCandles(previous, part)
      continue
    }
    if (previous !== undefined) fillUp(found, { untilMs: openMs, most, spanOf })
    found.push({ ...part, openMs })
    if (found.length > most) break
  }
  return range.end === 'first' ? found.slice(0, range.limit) : found.slice(-range.limit)
}

/** The candle of one span; undefined where nothing was traded in it. */
export function candleOf(history: SymbolHistory, interval: KlineInterval, span: Span): Candle | undefined {
  let candle: Candle | undefined
  for (const part of parts(history, interval, span.openMs)) {
    if (part.openMs >= span.endMs) break
    candle = candle === undefined ? { ...part, openMs: span.openMs } : mergeCandles(candle, part)
  }
  return candle
}

/** What candles of an interval are made of, from a time on. */
function* parts(history: SymbolHistory, interval: KlineInterval, fromMs: number): Generator<Candle, void, void> {
  if (interval === '1s') {
    const { trades } = history
    for (let place = trades.placeOfTime(fromMs); place < trades.length; place += 1) {
      const trade = trades.at(place) as HistoryTrade
      yield tradeCandle(trade, trade.timeMs)
    }
    return
  }
  const { minutes } = history
  const before = minutes.findLastIndex(({ openMs }) => openMs < fromMs)
  for (let index = before + 1; index < minutes.length; index += 1) yield minutes[index] as Candle
}

function fillUp(
  candles: Candle[],
  gap: { readonly untilMs: number; readonly most: number; readonly spanOf: (timeMs: number) => Span },
): void {
  const { untilMs, most, spanOf } = gap
  const { openMs: lastOpenMs, close } = candles.at(-1) as Candle
  let openMs = spanOf(lastOpenMs).endMs
  while (openMs < untilMs && candles.length <= most) {
    candles.push(emptyCandle(openMs, close))
    openMs = spanOf(openMs).endMs
  }
}
