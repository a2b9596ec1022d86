import { topicNames, type MarketMetrics } from '@tidemark/schemas'
import { stream, type Codec, type ExternalSink, type Topology } from '@tidemark/streams'

/** Every final window becomes a point. */
export function influxSinkTopology(codec: Codec<MarketMetrics>, sink: ExternalSink<MarketMetrics>): Topology {
  return stream(topicNames.marketMetrics, codec, { timestampMs: (metrics) => metrics.window_start_ms }).sink(sink)
}
