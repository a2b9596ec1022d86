package tidemark.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;

/** Runs one job until SIGTERM. Arguments: the job, then name=value for each setting. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Map<String, String> settings = new HashMap<>();
    for (int i = 1; i < args.length; i++) {
      String[] parts = args[i].split("=", 2);
      settings.put(parts[0], parts[1]);
    }
    Marks marks = new Marks(Long.parseLong(settings.get("warmUp")), Long.parseLong(settings.get("records")));
    if (args[0].equals("produce")) {
      ProduceJob.run(settings);
      return;
    }
    Topology topology = switch (args[0]) {
      case "engine", "restore", "latency" -> EngineJob.topology(settings, marks);
      case "map" -> MapJob.topology(settings, marks);
      default -> throw new IllegalArgumentException("unknown job " + args[0]);
    };
    boolean restores = args[0].equals("restore") && settings.get("records").equals("0");
    runStreams(topology, settings, restores);
  }

  private static void runStreams(Topology topology, Map<String, String> settings, boolean restores) throws InterruptedException {
    KafkaStreams streams = new KafkaStreams(topology, streamsConfig(settings));
    if (restores) RestoreMarks.of(streams, Path.of(settings.get("stateDir") + ".jsonl"));
    CountDownLatch stopped = new CountDownLatch(1);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
      return null;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close();
      stopped.countDown();
    }));
    streams.start();
    stopped.await();
  }

  /** As the documentation advises for throughput: large fetches and batches, a cache that holds the open windows. */
  private static Properties streamsConfig(Map<String, String> settings) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, settings.get("applicationId"));
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, settings.get("bootstrapServers"));
    config.put(StreamsConfig.STATE_DIR_CONFIG, settings.get("stateDir"));
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, settings.get("commitIntervalMs"));
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, settings.getOrDefault("threads", "1"));
    config.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L * 1024 * 1024);
    config.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
    // The trades are years old by their times: a changelog kept for the usual days would be deleted while it is written.
    config.put(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG, Duration.ofDays(36_500).toMillis());
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    // A stopped instance does not leave its group: the next one would wait for 45 s.
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 * 1024 * 1024);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_BYTES_CONFIG), 32 * 1024 * 1024);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 512 * 1024);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64L * 1024 * 1024);
    settings.forEach((name, value) -> {
      if (name.startsWith("set.")) config.put(name.substring("set.".length()), value);
    });
    return config;
  }
}
