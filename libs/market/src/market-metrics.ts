import type { MarketMetrics } from '@tidemark/schemas'
import type { Aggregator, ResultContext } from '@tidemark/windowing'
import { bipowerVariation } from './bipower-variation.ts'
import {
  emptyMarketWindow,
  mergeWindows,
  restoredFrom,
  snapshotOf,
  snapshotVersion,
  type MarketWindow,
} from './market-window.ts'
import { garmanKlassVariance, parkinsonVariance } from './range-volatility.ts'
import { realizedVariance } from './realized-variance.ts'
import type { FlowItem } from './symbol-flow.ts'
import { annualisedVolatility } from './volatility.ts'
import { windowSizeMs } from './window-size.ts'

/**
 * The metrics of one symbol's trades in one window of a size such as `1m`, from what its `SymbolFlow` makes of them. What compares a window with those before it
 * is left null, for a `WindowJudge` to fill in.
 *
 * Promises: trades that come late give what they would have given in time, but for whales, VPIN and edges. Mergeable, also from smaller windows
 * (`PriceGrid`). The state is about 2 kB; as data for a changelog about 1 kB of JSON, with a version: `restore` throws a
 * `SnapshotVersionError` for another one.
 *
 * Expects finite prices and quantities above zero, whole ids and times. A window that only a hole fell into has a `trade_count` of 0, and is none.
 */
export function marketMetrics(window: string): Aggregator<FlowItem, MarketWindow, MarketMetrics> {
  const sizeMs = windowSizeMs(window)
  return {
    kind: `market windows of version ${snapshotVersion}`,
    init: () => emptyMarketWindow(sizeMs),
    add(state, item) {
      if (item.kind === 'hole') {
        state.ids.addHole(item.missing)
        return state
      }
      const { trade_id, price, isBuy, quote, whale } = item
      if (!item.isLate) {
        state.ids.add(trade_id, item.previousId)
        state.vpinId = trade_id
        state.vpin = item.vpin
      } else if (!state.ids.addLate(trade_id)) return state
      state.candle.add(trade_id, price)
      state.volumes.add(isBuy, item.quantity, quote)
      state.grid.add(item.trade_time_ms, trade_id, price)
      if (whale !== undefined && whale.quotes.length > 0) state.whales.add(whale)
      return state
    },
    merge: mergeWindows,
    result: (state, context) => resultOf(state, window, context),
    snapshot: snapshotOf,
    restore: restoredFrom,
  }
}

function resultOf(state: MarketWindow, window: string, context: ResultContext): MarketMetrics {
  const { candle, volumes, grid, ids } = state
  const { startMs, endMs } = context.window
  const annualised = (variance: number) => annualisedVolatility(variance, endMs - startMs)
  const prices = grid.prices()
  const variance = realizedVariance(prices)
  return {
    symbol: context.key,
    window,
    window_start_ms: startMs,
    window_end_ms: endMs,
    trade_count: ids.count,
    first_trade_id: candle.firstId,
    last_trade_id: candle.lastId,
    missing_trades: ids.missing(candle),
    complete: ids.isComplete(candle),
    open: candle.open,
    high: candle.high,
    low: candle.low,
    close: candle.close,
    ...volumes.totals(),
    realized_variance: variance,
    realized_volatility: annualised(variance),
    bipower_variation: bipowerVariation(prices),
    parkinson_volatility: annualised(parkinsonVariance(candle.high, candle.low)),
    garman_klass_volatility: annualised(garmanKlassVariance(candle)),
    ...state.whales.totals(),
    volume_zscore: null,
    is_volume_spike: null,
    vpin: state.vpin,
    max_trade_quote: volumes.maxTradeQuote,
    late_trades: context.lateCount,
    emitted_at_ms: context.nowMs,
  }
}
