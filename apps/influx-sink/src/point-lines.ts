import { recordSchemas, type MarketAnomaly, type MarketMetrics, type WhaleOrder } from '@tidemark/schemas'
import { recordLine } from './record-line.ts'

/** A final window as a point of `market_metrics`, at the window's start. */
export const marketMetricsLine = recordLine<MarketMetrics>(recordSchemas.MarketMetrics, {
  measurement: 'market_metrics',
  tags: ['symbol', 'window'],
  timeMs: (metrics) => metrics.window_start_ms,
})

/** A whale order as a point of `whale_orders`, at its time. */
export const whaleOrderLine = recordLine<WhaleOrder>(recordSchemas.WhaleOrder, {
  measurement: 'whale_orders',
  tags: ['symbol', 'side'],
  timeMs: (order) => order.trade_time_ms,
  apartBy: (order) => order.first_trade_id,
})

/** An anomaly as a point of `market_anomalies`, at its window's start, or the time of the trade before its missing ids. */
export const marketAnomalyLine = recordLine<MarketAnomaly>(recordSchemas.MarketAnomaly, {
  measurement: 'market_anomalies',
  tags: ['symbol', 'kind', 'window'],
  timeMs: (anomaly) => anomaly.window_start_ms,
  apartBy: (anomaly) => anomaly.first_missing_id ?? 0,
})
