import { recordSchemas, type MarketMetrics } from '@tidemark/schemas'
import { recordLine } from './record-line.ts'

/** A final window as a point of `market_metrics`, at the window's start. */
export const marketMetricsLine = recordLine<MarketMetrics>(recordSchemas.MarketMetrics, {
  measurement: 'market_metrics',
  tags: ['symbol', 'window'],
  timeMs: (metrics) => metrics.window_start_ms,
})
