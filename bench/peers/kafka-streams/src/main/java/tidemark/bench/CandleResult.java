package tidemark.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** What leaves a window, as JSON with the names of bench/src/jobs/candle.ts. */
record CandleResult(
    long startMs,
    long trades,
    long firstId,
    long lastId,
    long whales,
    double open,
    double high,
    double low,
    double close,
    double base,
    double quote,
    double vwap,
    double buy,
    double sell,
    double realisedVariance) {

  static CandleResult of(long startMs, Candle candle) {
    return new CandleResult(
        startMs, candle.trades, candle.firstId, candle.lastId, candle.whales,
        candle.open, candle.high, candle.low, candle.close,
        candle.base, candle.quote, candle.quote / candle.base, candle.buy, candle.sell, candle.realisedVariance);
  }

  static Serde<CandleResult> serde() {
    ObjectMapper mapper = new ObjectMapper();
    Serializer<CandleResult> serializer = (topic, result) -> {
      try {
        return result == null ? null : mapper.writeValueAsBytes(result);
      } catch (JsonProcessingException error) {
        throw new IllegalStateException(error);
      }
    };
    Deserializer<CandleResult> deserializer = (topic, bytes) -> {
      throw new UnsupportedOperationException("results are only written");
    };
    return Serdes.serdeFrom(serializer, deserializer);
  }
}
