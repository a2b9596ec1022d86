package tidemark.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;

/** Marks the restore of state: from the first store that is restored until all are and records would be processed. */
final class RestoreMarks implements StateRestoreListener {
  private final AtomicBoolean begun = new AtomicBoolean();

  /** `dump` is where the state is written to then, as lines of JSON. */
  static void of(KafkaStreams streams, Path dump) {
    RestoreMarks marks = new RestoreMarks();
    streams.setGlobalStateRestoreListener(marks);
    streams.setStateListener((now, before) -> {
      if (now != KafkaStreams.State.RUNNING || !marks.begun.get()) return;
      Marks.mark("end");
      new Thread(() -> dump(streams, dump)).start();
    });
  }

  private static void dump(KafkaStreams streams, Path dump) {
    ObjectMapper mapper = new ObjectMapper();
    ReadOnlyWindowStore<String, Candle> store =
        streams.store(StoreQueryParameters.fromNameAndType("candles", QueryableStoreTypes.windowStore()));
    Path draft = dump.resolveSibling(dump.getFileName() + ".draft");
    try (BufferedWriter out = Files.newBufferedWriter(draft); KeyValueIterator<Windowed<String>, Candle> all = store.all()) {
      while (all.hasNext()) {
        KeyValue<Windowed<String>, Candle> entry = all.next();
        out.write(mapper.writeValueAsString(Map.of(
            "key", entry.key.key(), "candle", CandleResult.of(entry.key.window().start(), entry.value))));
        out.newLine();
      }
      out.close();
      Files.move(draft, dump);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  @Override
  public void onRestoreStart(TopicPartition partition, String store, long start, long end) {
    if (begun.compareAndSet(false, true)) Marks.mark("begin");
  }

  @Override
  public void onBatchRestored(TopicPartition partition, String store, long end, long restored) {}

  @Override
  public void onRestoreEnd(TopicPartition partition, String store, long restored) {}
}
