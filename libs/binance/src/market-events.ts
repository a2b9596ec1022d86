import { FieldReader } from './field-reader.ts'
import type { JsonObject } from './payload-fields.ts'
import { quoted, type Flaw } from './rejection.ts'

/** One taker order's trades at one price and time, as the exchange puts them together. */
export interface AggTrade {
  readonly symbol: string
  readonly aggTradeId: number
  /** In the quote asset. */
  readonly price: number
  /** In the base asset. */
  readonly quantity: number
  /** Ids of the first and the last of its single trades. */
  readonly firstTradeId: number
  readonly lastTradeId: number
  readonly tradeTimeMs: number
  /** True where the seller was the aggressor. */
  readonly isBuyerMaker: boolean
}

/** An aggregate trade of the stream; it also has the time at which the event was made. */
export interface AggTradeEvent extends AggTrade {
  readonly eventTimeMs: number
}

/** The exchange's intervals, case-sensitive: `1m` is a minute, `1M` a month. */
export const klineIntervals = [
  '1s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
  '1M',
] as const

export type KlineInterval = (typeof klineIntervals)[number]

/** A candle. Prices are lossless numbers; volumes are sums that no double need hold, so they are decimals in text, as they were sent. */
export interface Kline {
  readonly symbol: string
  readonly interval: KlineInterval
  readonly openTimeMs: number
  /** The last millisecond that belongs to it. */
  readonly closeTimeMs: number
  /** Prices are zero for a candle before the first trade of its symbol. */
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly baseVolume: string
  readonly quoteVolume: string
  readonly tradeCount: number
  readonly takerBuyBaseVolume: string
  readonly takerBuyQuoteVolume: string
}

/**
 * A candle of the stream, which is sent again as it grows. Those of `kline_1d@+08:00` differ in their bounds only: the frame's stream name
 * tells them apart.
 */
export interface KlineEvent extends Kline {
  readonly eventTimeMs: number
  /** Null for a candle without trades. */
  readonly firstTradeId: number | null
  readonly lastTradeId: number | null
  readonly isClosed: boolean
}

/** The best bid and ask. It has no time. An empty side has price and quantity zero. */
export interface BookTicker {
  readonly symbol: string
  readonly updateId: number
  readonly bidPrice: number
  readonly bidQuantity: number
  readonly askPrice: number
  readonly askQuantity: number
}

export function readAggTrade(payload: JsonObject): AggTradeEvent | Flaw {
  const fields = new FieldReader(payload, 'aggTrade')
  return fields.finish({
    symbol: fields.symbol('s'),
    eventTimeMs: fields.timeMs('E'),
    ...aggTradeFields(fields),
  })
}

/** The fields that stream and REST have in common, under the same names. */
export function aggTradeFields(fields: FieldReader): Omit<AggTrade, 'symbol'> {
  return {
    aggTradeId: fields.integer('a'),
    price: fields.positive('p'),
    quantity: fields.positive('q'),
    firstTradeId: fields.integer('f'),
    lastTradeId: fields.integer('l'),
    tradeTimeMs: fields.timeMs('T'),
    isBuyerMaker: fields.flag('m'),
  }
}

export function readKline(payload: JsonObject): KlineEvent | Flaw {
  const outer = new FieldReader(payload, 'kline')
  const eventTimeMs = outer.timeMs('E')
  const symbol = outer.symbol('s')
  if (outer.flaw !== undefined) return outer.flaw
  const fields = new FieldReader(payload['k'], 'kline k')
  const interval = fields.text('i')
  const kline = {
    symbol,
    interval: interval as KlineInterval,
    eventTimeMs,
    openTimeMs: fields.timeMs('t'),
    closeTimeMs: fields.timeMs('T'),
    open: fields.decimal('o'),
    high: fields.decimal('h'),
    low: fields.decimal('l'),
    close: fields.decimal('c'),
    baseVolume: fields.sum('v'),
    quoteVolume: fields.sum('q'),
    tradeCount: fields.integer('n'),
    takerBuyBaseVolume: fields.sum('V'),
    takerBuyQuoteVolume: fields.sum('Q'),
    firstTradeId: fields.idOrNone('f'),
    lastTradeId: fields.idOrNone('L'),
    isClosed: fields.flag('x'),
  }
  if (fields.flaw === undefined && !isKlineInterval(interval)) {
    return { code: 'wrong-type', message: `kline k: field i is ${quoted(interval)}, not an interval` }
  }
  return fields.finish(kline)
}

export function isKlineInterval(text: string): text is KlineInterval {
  return (klineIntervals as readonly string[]).includes(text)
}

export function readBookTicker(payload: JsonObject): BookTicker | Flaw {
  const fields = new FieldReader(payload, 'bookTicker')
  return fields.finish({
    symbol: fields.symbol('s'),
    updateId: fields.integer('u'),
    bidPrice: fields.decimal('b'),
    bidQuantity: fields.decimal('B'),
    askPrice: fields.decimal('a'),
    askQuantity: fields.decimal('A'),
  })
}
