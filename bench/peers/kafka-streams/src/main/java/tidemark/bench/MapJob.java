package tidemark.bench;

import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import tidemark.Trade;

/** Every trade decoded, one field changed, and encoded again. */
final class MapJob {
  private MapJob() {}

  static Topology topology(Map<String, String> settings, Marks marks) {
    StreamsBuilder builder = new StreamsBuilder();
    builder
        .stream(
            settings.get("input"),
            Consumed.with(Serdes.String(), new TradeSerde()).withTimestampExtractor((record, partitionTime) -> {
              marks.seen();
              return ((Trade) record.value()).getTradeTimeMs();
            }))
        .mapValues(trade -> {
          trade.setLatencyMs(trade.getLatencyMs() + 1);
          return trade;
        })
        .to(settings.get("output"), Produced.with(Serdes.String(), new TradeSerde()));
    return builder.build();
  }
}
