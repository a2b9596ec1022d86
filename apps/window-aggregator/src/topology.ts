import { marketMetrics, type WindowSize } from '@tidemark/market'
import type { MarketMetrics, Trade } from '@tidemark/schemas'
import { stream, topology, type Codec, type Topology } from '@tidemark/streams'
import { tumbling } from '@tidemark/windowing'

export interface AggregatorOptions {
  readonly topics: { readonly trades: string; readonly metrics: string; readonly late: string }
  readonly codecs: { readonly trade: Codec<Trade>; readonly metrics: Codec<MarketMetrics> }
  readonly windows: readonly WindowSize[]
  readonly graceMs: number
  /** Smallest quote quantity of a whale order of a symbol; undefined where whales are not judged. */
  readonly whaleFloor: (symbol: string) => number | undefined
}

/**
 * Trades into market metrics, one stream for every window size. Trades are in order per symbol, so each symbol has its own clock:
 * the progress of one must not close the windows of another whose trades are still to come.
 */
export function aggregatorTopology({ topics, codecs, windows, graceMs, whaleFloor }: AggregatorOptions): Topology {
  const trades = stream(topics.trades, codecs.trade, { timestampMs: (trade) => trade.trade_time_ms, clock: 'key' })
  const metricsOf = (window: WindowSize) =>
    trades
      .groupByKey()
      .window(tumbling({ sizeMs: window.sizeMs, graceMs }))
      .aggregate(marketMetrics({ window: window.label, whaleFloor }), { emit: 'on-close' })
      .to(topics.metrics, codecs.metrics, { late: topics.late })
  return topology(...windows.map(metricsOf))
}
