import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** A window as recomputed from the recording, with the fields of its point. */
export interface RecomputedWindow {
  readonly symbol: string
  readonly window: string
  readonly startMs: number
  readonly fields: Readonly<Record<string, number | null>>
}

interface RecordedTrade {
  readonly symbol: string
  readonly id: number
  readonly price: number
  readonly quantity: number
  readonly timeMs: number
  readonly isBuy: boolean
}

/** The fields of the exchange's trade event. */
interface TradeFrame {
  readonly s: string
  readonly t: number
  readonly p: string
  readonly q: string
  readonly T: number
  readonly m: boolean
}

/** Every trade of a gzipped recording. Written for the tests alone: it shares no code with the pipeline. */
export function readTrades(file: string): RecordedTrade[] {
  const lines = gunzipSync(readFileSync(file)).toString().split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const { data } = JSON.parse(line.slice(line.indexOf(' ') + 1)) as { data: TradeFrame }
      return { symbol: data.s, id: data.t, price: +data.p, quantity: +data.q, timeMs: data.T, isBuy: !data.m }
    })
}

/**
 * All windows of one size that are closed when the recording ends (grace 2 s), as the definitions of the metrics say, in the plainest
 * way: group, sort, loop.
 */
export function recompute(trades: readonly RecordedTrade[], window: string, sizeMs: number): RecomputedWindow[] {
  const recomputed: RecomputedWindow[] = []
  for (const [symbol, ofSymbol] of Map.groupBy(trades, (trade) => trade.symbol)) {
    const endMs = Math.max(...ofSymbol.map(({ timeMs }) => timeMs)) - 2_000
    for (const [startMs, inWindow] of Map.groupBy(ofSymbol, ({ timeMs }) => Math.floor(timeMs / sizeMs) * sizeMs)) {
      if (startMs + sizeMs > endMs) continue
      const sorted = [...inWindow].sort((a, b) => a.id - b.id)
      recomputed.push({ symbol, window, startMs, fields: fieldsOf(sorted, startMs, sizeMs) })
    }
  }
  return recomputed
}

function fieldsOf(trades: readonly RecordedTrade[], startMs: number, sizeMs: number): Record<string, number | null> {
  const first = trades[0] as RecordedTrade
  const last = trades.at(-1) as RecordedTrade
  const base = (chosen: readonly RecordedTrade[]) => accurateSum(chosen.map(({ quantity }) => quantity))
  const quote = (chosen: readonly RecordedTrade[]) => accurateSum(chosen.map(({ price, quantity }) => price * quantity))
  const buys = trades.filter(({ isBuy }) => isBuy)
  const sells = trades.filter(({ isBuy }) => !isBuy)
  const prices = trades.map(({ price }) => price)
  const whales = takerOrders(trades).filter((order) => quote(order) >= 100_000)
  const variance = realizedVariance(trades, startMs, sizeMs)
  return {
    trade_count: trades.length,
    first_trade_id: first.id,
    last_trade_id: last.id,
    missing_trades: last.id - first.id + 1 - trades.length,
    open: first.price,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: last.price,
    base_volume: base(trades),
    quote_volume: quote(trades),
    vwap: quote(trades) / base(trades),
    buy_base_volume: base(buys),
    sell_base_volume: base(sells),
    buy_quote_volume: quote(buys),
    sell_quote_volume: quote(sells),
    buy_sell_ratio: sells.length === 0 ? null : base(buys) / base(sells),
    realized_variance: variance,
    realized_volatility: Math.sqrt(variance * ((365 * 86_400_000) / sizeMs)),
    max_trade_quote: Math.max(...trades.map(({ price, quantity }) => price * quantity)),
    whale_order_count: whales.length,
    whale_quote_volume: quote(whales.flat()),
    whale_buy_quote_volume: quote(whales.flat().filter(({ isBuy }) => isBuy)),
  }
}

/** Runs of consecutive ids with the same time and side. */
function takerOrders(trades: readonly RecordedTrade[]): RecordedTrade[][] {
  const orders: RecordedTrade[][] = []
  for (const trade of trades) {
    const before = orders.at(-1)?.at(-1)
    const joins =
      before !== undefined &&
      before.id + 1 === trade.id &&
      before.timeMs === trade.timeMs &&
      before.isBuy === trade.isBuy
    if (joins) orders.at(-1)?.push(trade)
    else orders.push([trade])
  }
  return orders
}

function realizedVariance(trades: readonly RecordedTrade[], startMs: number, sizeMs: number): number {
  const grid: (number | undefined)[] = Array.from({ length: 60 })
  for (const { timeMs, price } of trades) grid[Math.floor(((timeMs - startMs) * 60) / sizeMs)] = price
  const squares: number[] = []
  let before: number | undefined
  for (const price of grid) {
    const current = price ?? before
    if (before !== undefined && current !== undefined) squares.push(Math.log(current / before) ** 2)
    before = current
  }
  return accurateSum(squares)
}

/** Neumaier's compensated sum: far closer than 1e-12, and not the method of the code under test. */
function accurateSum(values: readonly number[]): number {
  let sum = 0
  let lost = 0
  for (const value of values) {
    const next = sum + value
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    sum = next
  }
  return sum + lost
}
