import { exactSum } from './exact.ts'
import type { RecordedTrade } from './recording.ts'

/** Consecutive trade ids with the same time and side. */
export interface TakerOrder {
  readonly fills: readonly RecordedTrade[]
  readonly quote: number
}

/** The orders of a symbol's trades, which are sorted by id. */
export function takerOrders(trades: readonly RecordedTrade[]): TakerOrder[] {
  const runs: RecordedTrade[][] = []
  for (const trade of trades) {
    const run = runs.at(-1)
    const before = run?.at(-1)
    const joins =
      before !== undefined &&
      before.id + 1 === trade.id &&
      before.timeMs === trade.timeMs &&
      before.isBuy === trade.isBuy
    if (joins) run?.push(trade)
    else runs.push([trade])
  }
  return runs.map((fills) => ({ fills, quote: exactSum(fills.map(({ price, quantity }) => price * quantity)) }))
}

export interface WhaleFloor {
  /** Least quote quantity of a whale order. */
  readonly whaleFloor: number
  /** It is also at least this quantile of the symbol's orders before it, from 0 to 1; undefined: off. */
  readonly whaleQuantile?: number | undefined
}

/** An order that reaches the floor, and what it has to reach to be a whale's. */
export interface JudgedOrder extends TakerOrder {
  readonly threshold: number
  readonly rule: 'floor' | 'quantile'
}

/** The quantile is asked for behind so many orders. */
const WARM_UP = 10_000

/** All orders that reach the floor, each with the exact quantile of those before it: they are sorted, and the one at that place is taken. */
export function judgedOrders(orders: readonly TakerOrder[], { whaleFloor, whaleQuantile }: WhaleFloor): JudgedOrder[] {
  const quotes = Float64Array.from(orders, ({ quote }) => quote)
  return orders.flatMap((order, index): JudgedOrder[] => {
    if (order.quote < whaleFloor) return []
    const byFloor = { ...order, threshold: whaleFloor, rule: 'floor' } as const
    if (whaleQuantile === undefined || index < WARM_UP) return [byFloor]
    const before = quotes.slice(0, index).sort()
    const quantile = before[Math.floor(whaleQuantile * (index - 1))] as number
    return quantile > whaleFloor ? [{ ...order, threshold: quantile, rule: 'quantile' }] : [byFloor]
  })
}

/** The whale orders among a symbol's orders. */
export function whaleOrders(orders: readonly TakerOrder[], floor: WhaleFloor): JudgedOrder[] {
  return judgedOrders(orders, floor).filter(({ quote, threshold }) => quote >= threshold)
}

/** The fields of a whale order's record. */
export function whaleRecord({ fills, quote, threshold, rule }: JudgedOrder) {
  const first = fills[0] as RecordedTrade
  const last = fills.at(-1) as RecordedTrade
  const base = exactSum(fills.map(({ quantity }) => quantity))
  return {
    symbol: first.symbol,
    side: first.isBuy ? 'buy' : 'sell',
    first_trade_id: first.id,
    last_trade_id: last.id,
    fill_count: fills.length,
    trade_time_ms: first.timeMs,
    vwap: quote / base,
    base_quantity: base,
    quote_quantity: quote,
    price_from: first.price,
    price_to: last.price,
    threshold_quote: threshold,
    rule,
  }
}
