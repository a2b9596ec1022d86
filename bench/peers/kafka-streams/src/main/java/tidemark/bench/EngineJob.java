package tidemark.bench;

import java.time.Duration;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.ToLongFunction;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import tidemark.Trade;

/** Trades folded into the candles of their symbol's windows; a candle leaves when its window closes. */
final class EngineJob {
  private EngineJob() {}

  /** Reads whole trades, or with `projects` only the fields that candles are made of. */
  static Topology topology(Map<String, String> settings, Marks marks) {
    if (!settings.getOrDefault("projects", "false").equals("true")) {
      return topology(settings, marks, new Trades<>(new TradeSerde(), Trade::getTradeTimeMs, Candle::add));
    }
    Serializer<CandleTrade> unused = (topic, trade) -> {
      throw new UnsupportedOperationException("trades are only read");
    };
    Serde<CandleTrade> projected = Serdes.serdeFrom(unused, new TradeDeserializer<>(CandleTrade.getClassSchema()));
    return topology(settings, marks, new Trades<>(projected, CandleTrade::getTradeTimeMs, Candle::add));
  }

  /** How trades are read and folded. */
  private record Trades<T>(Serde<T> serde, ToLongFunction<T> timeMs, BiFunction<Candle, T, Candle> fold) {}

  private static <T> Topology topology(Map<String, String> settings, Marks marks, Trades<T> trades) {
    Duration size = Duration.ofMillis(Long.parseLong(settings.get("windowMs")));
    Duration grace = Duration.ofMillis(Long.parseLong(settings.get("graceMs")));
    boolean suppress = !settings.get("name").equals("restore");
    Duration kept = size.plus(grace);
    WindowBytesStoreSupplier store = settings.get("store").equals("rocksdb")
        ? Stores.persistentWindowStore("candles", kept, size, false)
        : Stores.inMemoryWindowStore("candles", kept, size, false);
    Materialized<String, Candle, org.apache.kafka.streams.state.WindowStore<org.apache.kafka.common.utils.Bytes, byte[]>> candles =
        Materialized.<String, Candle>as(store).withKeySerde(Serdes.String()).withValueSerde(Candle.serde());
    if (settings.getOrDefault("cache", "true").equals("true")) candles.withCachingEnabled();
    else candles.withCachingDisabled();

    StreamsBuilder builder = new StreamsBuilder();
    TimeWindowedKStream<String, T> windows = builder
        .stream(
            settings.get("input"),
            Consumed.with(Serdes.String(), trades.serde()).withTimestampExtractor((record, partitionTime) -> {
              marks.seen();
              @SuppressWarnings("unchecked") T trade = (T) record.value();
              return trades.timeMs().applyAsLong(trade);
            }))
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(size, grace));
    if (!suppress) windows = windows.emitStrategy(EmitStrategy.onWindowClose());
    KTable<Windowed<String>, Candle> table =
        windows.aggregate(Candle::new, (symbol, trade, candle) -> trades.fold().apply(candle, trade), candles);
    if (suppress) table = table.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()));
    table
        .toStream()
        .map((window, candle) -> KeyValue.pair(window.key(), CandleResult.of(window.window().start(), candle)))
        .to(settings.get("output"), Produced.with(Serdes.String(), CandleResult.serde()));
    return builder.build();
  }
}
