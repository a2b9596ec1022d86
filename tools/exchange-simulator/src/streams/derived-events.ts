import type { Aggregate } from '../history/aggregates.ts'
import type { BestPrices } from '../history/best-prices.ts'
import type { Candle } from '../history/candle.ts'
import { productText, unitsText } from '../history/decimal-units.ts'
import type { KlineInterval, Span } from '../kline-interval.ts'
import type { SourceFrame } from '../source-frame.ts'

/** An event as the frame of a combined stream. */
export function derivedFrame(stream: string, data: string, nowMs: number): SourceFrame {
  const opening = `{"stream":${JSON.stringify(stream)},"data":`
  return {
    stream,
    bytes: Buffer.from(`${opening}${data}}`),
    dataStart: Buffer.byteLength(opening),
    receivedAtUs: nowMs * 1000,
    binary: false,
  }
}

export function aggregateEvent(symbol: string, { first, lastId, quantity }: Aggregate, nowMs: number): string {
  return JSON.stringify({
    e: 'aggTrade',
    E: nowMs,
    s: symbol,
    a: first.aggregateId,
    p: unitsText(first.price),
    q: unitsText(quantity),
    f: first.id,
    l: lastId,
    T: first.timeMs,
    m: first.isBuyerMaker,
    M: true,
  })
}

/** An event without a time, and without its kind: the exchange's own has neither. */
export function bookTickerEvent(symbol: string, updateId: number, { bid, ask, quantity }: BestPrices): string {
  const size = unitsText(quantity)
  return JSON.stringify({ u: updateId, s: symbol, b: unitsText(bid), B: size, a: unitsText(ask), A: size })
}

export interface KlineParts {
  readonly symbol: string
  readonly interval: KlineInterval
  readonly candle: Candle
  readonly span: Span
  readonly isClosed: boolean
  readonly nowMs: number
}

export function klineEvent({ symbol, interval, candle, span, isClosed, nowMs }: KlineParts): string {
  return JSON.stringify({
    e: 'kline',
    E: nowMs,
    s: symbol,
    k: {
      t: span.openMs,
      T: span.endMs - 1,
      s: symbol,
      i: interval,
      f: candle.firstId,
      L: candle.lastId,
      o: unitsText(candle.open),
      c: unitsText(candle.close),
      h: unitsText(candle.high),
      l: unitsText(candle.low),
      v: unitsText(candle.volume),
      n: candle.count,
      x: isClosed,
      q: productText(candle.quoteVolume),
      V: unitsText(candle.takerVolume),
      Q: productText(candle.takerQuoteVolume),
      B: '0',
    },
  })
}
