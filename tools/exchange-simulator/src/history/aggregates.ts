import type { HistoryTrade } from './candle.ts'
import type { TradeColumns } from './trade-columns.ts'

/** The fills of a taker order at one price. */
export interface Aggregate {
  readonly first: HistoryTrade
  readonly lastId: number
  readonly quantity: bigint
}

/** The aggregates of the trades in `[from, end)`, no more than `limit`. */
export function aggregatesIn(
  trades: TradeColumns,
  { from, end, limit = Infinity }: { readonly from: number; readonly end: number; readonly limit?: number },
): readonly Aggregate[] {
  const aggregates: Aggregate[] = []
  for (let place = Math.max(0, from); place < end; place += 1) {
    const trade = trades.at(place) as HistoryTrade
    const open = aggregates.at(-1)
    if (open?.first.aggregateId === trade.aggregateId) {
      aggregates[aggregates.length - 1] = { ...open, lastId: trade.id, quantity: open.quantity + trade.quantity }
    } else if (aggregates.length === limit) break
    else aggregates.push({ first: trade, lastId: trade.id, quantity: trade.quantity })
  }
  return aggregates
}
