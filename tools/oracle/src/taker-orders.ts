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

/** The fields of a whale order's record. */
export function whaleRecord({ fills, quote }: TakerOrder, floor: number) {
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
    threshold_quote: floor,
    rule: 'floor',
  }
}
