import { topicNames, type MarketAnomaly, type MarketMetrics, type WhaleOrder } from '@tidemark/schemas'
import { stream, topology, type Codec, type ExternalSink, type Topology } from '@tidemark/streams'
import { influxPoints, type InfluxPoint } from './influx-point.ts'
import { marketAnomalyLine, marketMetricsLine, whaleOrderLine } from './point-lines.ts'

export interface SinkCodecs {
  readonly metrics: Codec<MarketMetrics>
  readonly whales: Codec<WhaleOrder>
  readonly anomalies: Codec<MarketAnomaly>
}

/** Every final window, whale order and anomaly becomes a point. */
export function influxSinkTopology(
  { metrics, whales, anomalies }: SinkCodecs,
  sink: ExternalSink<InfluxPoint>,
): Topology {
  return topology(
    stream(topicNames.marketMetrics, metrics, { timestampMs: (window) => window.window_start_ms })
      .map(influxPoints(marketMetricsLine, metrics))
      .sink(sink),
    stream(topicNames.whaleOrders, whales, { timestampMs: (order) => order.trade_time_ms })
      .map(influxPoints(whaleOrderLine, whales))
      .sink(sink),
    stream(topicNames.marketAnomalies, anomalies, { timestampMs: (anomaly) => anomaly.detected_at_ms })
      .map(influxPoints(marketAnomalyLine, anomalies))
      .sink(sink),
  )
}
