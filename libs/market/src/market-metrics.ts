import type { MarketMetrics, Trade } from '@tidemark/schemas'
import { tumbling, windowStartMs, type Aggregator, type ResultContext } from '@tidemark/windowing'
import { emptyMarketWindow, orderFlow, restoredFrom, snapshotOf, type MarketWindow } from './market-window.ts'
import { annualisedVolatility } from './price-grid.ts'
import { WhaleTotals } from './whale-totals.ts'
import { windowSizeMs } from './window-size.ts'

export interface MarketMetricsOptions {
  /** Size of the windows: `10s`, `1m`, `5m`, `15m` or `1h`. */
  readonly window: string
  /** From which quote quantity on a taker order of a symbol is a whale's; undefined: whales of it are not judged. */
  readonly whaleFloor: (symbol: string) => number | undefined
  /** Holes between trade ids that one window keeps; one more is a `TradeHoleLimitError`. */
  readonly maxHoles?: number
}

const defaultMaxHoles = 100_000

/**
 * The metrics of one symbol's trades in one window.
 *
 * Promises: any order of arrival gives bit-identical results, since trades are ordered by their id and sums are exact. A trade id
 * that comes again, as it may after a restart, counts once. `missing_trades` are the ids of the window's span that did not come into
 * this window. The state is about 2 kB and the fills of two taker orders for each stretch of ids without a hole.
 *
 * A snapshot says which version of its format it is in: `restore` throws a `SnapshotVersionError` for another one. A restored window
 * keeps the whale floor it began with.
 *
 * Expects trades of one symbol with finite prices and quantities above zero and whole ids and times, and at least one trade before a result is asked for.
 */
export function marketMetrics(options: MarketMetricsOptions): Aggregator<Trade, MarketWindow, MarketMetrics> {
  const { window, whaleFloor, maxHoles = defaultMaxHoles } = options
  const sizeMs = windowSizeMs(window)
  const windows = tumbling({ sizeMs, graceMs: 0 })

  return {
    init: emptyMarketWindow,
    add(state, trade) {
      const { trade_id, trade_time_ms, price, quantity } = trade
      const quote = price * quantity
      const isBuy = !trade.is_buyer_maker
      state.flow ??= orderFlow(new WhaleTotals(whaleFloor(trade.symbol)), maxHoles)
      if (!state.flow.orders.add(trade_id, trade_time_ms, { isBuy, quote })) return state
      state.candle.add(trade_id, price)
      state.volumes.add(isBuy, quantity, quote)
      state.grid.add(trade_time_ms - windowStartMs(windows, trade_time_ms), sizeMs, trade)
      return state
    },
    result: (state, context) => resultOf(state, window, context),
    snapshot: snapshotOf,
    restore: (data) => restoredFrom(data, maxHoles),
  }
}

function resultOf(state: MarketWindow, window: string, context: ResultContext): MarketMetrics {
  const { candle, volumes, grid, flow } = state
  const { startMs, endMs } = context.window
  const tradeCount = flow?.orders.tradeCount ?? 0
  const realizedVariance = grid.realizedVariance()
  return {
    symbol: context.key,
    window,
    window_start_ms: startMs,
    window_end_ms: endMs,
    trade_count: tradeCount,
    first_trade_id: candle.firstId,
    last_trade_id: candle.lastId,
    missing_trades: candle.lastId - candle.firstId + 1 - tradeCount,
    open: candle.open,
    high: candle.high,
    low: candle.low,
    close: candle.close,
    ...volumes.totals(),
    realized_variance: realizedVariance,
    realized_volatility: annualisedVolatility(realizedVariance, endMs - startMs),
    max_trade_quote: volumes.maxTradeQuote,
    ...whaleTotals(state),
    late_trades: context.lateCount,
    emitted_at_ms: context.nowMs,
  }
}

/** The whales so far, with the orders that could still have grown: nothing comes into the window any more. */
function whaleTotals({ flow }: MarketWindow) {
  const totals = flow?.whales.copy() ?? new WhaleTotals(undefined)
  for (const order of flow?.orders.openOrders() ?? []) totals.add(order)
  return totals.totals()
}
