import type { Trade } from '@tidemark/schemas'
import { FieldReader } from '../field-reader.ts'
import { aggTradeFields, type AggTrade, type Kline, type KlineInterval } from '../market-events.ts'
import { firstMicroseconds, isFlaw, isObject } from '../payload-fields.ts'
import { quoted, type Flaw } from '../rejection.ts'
import type { RejectedTrade } from '../trade-history.ts'
import { readTrade } from '../trade-payload.ts'
import { RestError } from './rest-error.ts'

export interface ServerTime {
  /** Since the epoch; with a fraction where the exchange gives microseconds. */
  readonly timeMs: number
  /** The steps in which it is given. */
  readonly resolutionMs: number
}

export interface SymbolInfo {
  readonly symbol: string
  /** `TRADING`, `HALT`, `BREAK`, `END_OF_DAY`, `CANCEL_ONLY`, or one that is new. */
  readonly status: string
  readonly baseAsset: string
  readonly quoteAsset: string
}

export interface ExchangeInfo {
  readonly serverTimeMs: number
  readonly symbols: readonly SymbolInfo[]
}

/** A symbol's last 24 hours. */
export interface DailyTicker {
  readonly symbol: string
  /** Zero where there was none. */
  readonly lastPrice: number
  readonly openTimeMs: number
  readonly closeTimeMs: number
  /** Null where there was no trade. */
  readonly firstTradeId: number | null
  readonly lastTradeId: number | null
  readonly tradeCount: number
  readonly baseVolume: string
  readonly quoteVolume: string
}

export interface Price {
  readonly symbol: string
  readonly price: number
}

/** Single trades of the past, and the rows that are none. */
export interface TradeRows {
  /** Ascending by id, with `event_time_ms` = `trade_time_ms`: the past has no time of sending. */
  readonly trades: readonly Trade[]
  /** Rows that are no trade or that would lose digits, as a frame of the stream would be rejected. Ascending by id; those without one come last. */
  readonly rejected: readonly RejectedTrade[]
}

/** An answer in an unexpected form: another server, or an exchange that has changed. */
function unreadable(what: string, { code, message }: Flaw): RestError {
  return new RestError('unavailable', `the exchange's ${what} can't be read, ${code}: ${message}`)
}

function need<T extends object>(what: string, value: T | Flaw): T {
  if (isFlaw(value)) throw unreadable(what, value)
  return value
}

function arrayOf(what: string, body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body as unknown[]
  throw unreadable(what, { code: 'wrong-type', message: `it is ${quoted(body)}, not an array` })
}

type ReadRow<T> = (row: unknown, where: string) => T | Flaw

/** Every row of an array; one that can't be read fails the whole. */
function readRows<T extends object>(what: string, body: unknown, read: ReadRow<T>): readonly T[] {
  return arrayOf(what, body).map((row, index) => need(what, read(row, `row ${index}`)))
}

export function readServerTime(body: unknown): ServerTime {
  const fields = new FieldReader(body, 'the reply')
  const serverTime = fields.integer('serverTime')
  const isMicro = serverTime >= firstMicroseconds
  return need(
    'time',
    fields.finish({ timeMs: isMicro ? serverTime / 1_000 : serverTime, resolutionMs: isMicro ? 0.001 : 1 }),
  )
}

export function readExchangeInfo(body: unknown): ExchangeInfo {
  const what = 'exchangeInfo'
  const fields = new FieldReader(body, 'the reply')
  const serverTimeMs = fields.timeMs('serverTime')
  const symbols = isObject(body) ? body['symbols'] : undefined
  return need(what, fields.finish({ serverTimeMs, symbols: readRows(what, symbols, readSymbolInfo) }))
}

function readSymbolInfo(row: unknown, where: string): SymbolInfo | Flaw {
  const fields = new FieldReader(row, where)
  return fields.finish({
    symbol: fields.symbol('symbol'),
    status: fields.text('status'),
    baseAsset: fields.text('baseAsset'),
    quoteAsset: fields.text('quoteAsset'),
  })
}

/** Rows of `trades` and `historicalTrades`, as the stream would have sent them. */
export function readTradeRows(body: unknown, symbol: string, receivedAtMs: number): TradeRows {
  const trades: Trade[] = []
  const rejected: RejectedTrade[] = []
  for (const row of arrayOf('trades', body)) {
    const { id: t, price: p, qty: q, time: T, isBuyerMaker: m } = isObject(row) ? row : {}
    const trade = readTrade({ e: 'trade', s: symbol, E: T, t, p, q, T, m }, receivedAtMs)
    if (isFlaw(trade)) rejected.push(rejectedRow({ symbol, row, id: t, flaw: trade, receivedAtMs }))
    else trades.push(trade)
  }
  return {
    trades: trades.sort((a, b) => a.trade_id - b.trade_id),
    rejected: rejected.sort((a, b) => (a.tradeId ?? Infinity) - (b.tradeId ?? Infinity) || 0),
  }
}

interface BadRow {
  readonly symbol: string
  readonly row: unknown
  readonly id: unknown
  readonly flaw: Flaw
  readonly receivedAtMs: number
}

function rejectedRow({ symbol, row, id, flaw, receivedAtMs }: BadRow): RejectedTrade {
  return {
    kind: 'rejected',
    tradeId: Number.isSafeInteger(id) ? (id as number) : undefined,
    code: flaw.code,
    message: `${symbol} trade ${String(id)}, over REST: ${flaw.message}`,
    bytes: Buffer.from(JSON.stringify(row)),
    receivedAtMs,
  }
}

export function readAggTrades(body: unknown, symbol: string): readonly AggTrade[] {
  return readRows('aggTrades', body, (row, where) => {
    const fields = new FieldReader(row, where)
    return fields.finish({ symbol, ...aggTradeFields(fields) })
  })
}

/** A row is an array; its places have names here, for messages. */
const klinePlaces = [
  'openTime',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'closeTime',
  'quoteVolume',
  'count',
  'takerBase',
  'takerQuote',
]

export function readKlines(body: unknown, symbol: string, interval: KlineInterval): readonly Kline[] {
  return readRows('klines', body, (row, where) => {
    const places = Array.isArray(row) ? (row as unknown[]) : []
    const named = Object.fromEntries(klinePlaces.map((name, index) => [name, places[index]]))
    const fields = new FieldReader(named, where)
    return fields.finish({
      symbol,
      interval,
      openTimeMs: fields.timeMs('openTime'),
      open: fields.decimal('open'),
      high: fields.decimal('high'),
      low: fields.decimal('low'),
      close: fields.decimal('close'),
      baseVolume: fields.sum('volume'),
      closeTimeMs: fields.timeMs('closeTime'),
      quoteVolume: fields.sum('quoteVolume'),
      tradeCount: fields.integer('count'),
      takerBuyBaseVolume: fields.sum('takerBase'),
      takerBuyQuoteVolume: fields.sum('takerQuote'),
    })
  })
}

export function readPrices(body: unknown): readonly Price[] {
  return readRows('prices', body, (row, where) => {
    const fields = new FieldReader(row, where)
    return fields.finish({ symbol: fields.symbol('symbol'), price: fields.decimal('price') })
  })
}

export function readDailyTickers(body: unknown): readonly DailyTicker[] {
  return readRows('ticker/24hr', body, (row, where) => {
    const fields = new FieldReader(row, where)
    return fields.finish({
      symbol: fields.symbol('symbol'),
      lastPrice: fields.decimal('lastPrice'),
      openTimeMs: fields.timeMs('openTime'),
      closeTimeMs: fields.timeMs('closeTime'),
      firstTradeId: fields.idOrNone('firstId'),
      lastTradeId: fields.idOrNone('lastId'),
      tradeCount: fields.integer('count'),
      baseVolume: fields.sum('volume'),
      quoteVolume: fields.sum('quoteVolume'),
    })
  })
}
