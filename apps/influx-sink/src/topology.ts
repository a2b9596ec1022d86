import {
  avroCodec,
  inMemoryRegistry,
  topicNames,
  valueSubject,
  type MarketAnomaly,
  type MarketMetrics,
  type SchemaRegistry,
  type WhaleOrder,
} from '@tidemark/schemas'
import { stream, topology, type Codec, type ExternalSink, type Topology } from '@tidemark/streams'
import { sinkName } from './influx-sink.ts'
import { influxPoints, type InfluxPoint } from './influx-point.ts'
import { marketAnomalyLine, marketMetricsLine, whaleOrderLine } from './point-lines.ts'

export interface SinkCodecs {
  readonly metrics: Codec<MarketMetrics>
  readonly whales: Codec<WhaleOrder>
  readonly anomalies: Codec<MarketAnomaly>
}

export function sinkCodecs(registry: SchemaRegistry): SinkCodecs {
  const of = (topic: string) => ({ registry, subject: valueSubject(topic) })
  return {
    metrics: avroCodec('MarketMetrics', of(topicNames.marketMetrics)),
    whales: avroCodec('WhaleOrder', of(topicNames.whaleOrders)),
    anomalies: avroCodec('MarketAnomaly', of(topicNames.marketAnomalies)),
  }
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

/** The topology without an InfluxDB behind it, to be looked at. */
export function describedTopology(): Topology {
  return influxSinkTopology(sinkCodecs(inMemoryRegistry()), { name: sinkName, write: () => Promise.resolve() })
}
