package tidemark.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import tidemark.Trade;

/** Produces the trades of a small topic over and over, as fast as it can. */
final class ProduceJob {
  private static final int TRANSACTION_RECORDS = 50_000;

  private ProduceJob() {}

  static void run(Map<String, String> settings) {
    long records = Long.parseLong(settings.get("records"));
    boolean transactional = settings.get("transactional").equals("true");
    String output = settings.get("output");
    List<Trade> pool = readTrades(settings);
    // Counted when it has been acknowledged: the last one.
    Marks marks = new Marks(Long.parseLong(settings.get("warmUp")), records + 1);
    KafkaProducer<String, Trade> producer =
        new KafkaProducer<>(producerConfig(settings, transactional), new StringSerializer(), new TradeSerde().serializer());
    if (transactional) {
      producer.initTransactions();
      producer.beginTransaction();
    }
    for (long i = 0; i < records; i++) {
      Trade trade = pool.get((int) (i % pool.size()));
      producer.send(new ProducerRecord<>(output, null, trade.getTradeTimeMs(), trade.getSymbol(), trade));
      marks.seen();
      if (transactional && (i + 1) % TRANSACTION_RECORDS == 0) {
        producer.commitTransaction();
        producer.beginTransaction();
      }
    }
    if (transactional) producer.commitTransaction();
    else producer.flush();
    marks.seen();
  }

  /** As the documentation advises for throughput: large batches that wait for a moment to be full. */
  private static Properties producerConfig(Map<String, String> settings, boolean transactional) {
    Properties config = new Properties();
    config.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.get("bootstrapServers"));
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.BATCH_SIZE_CONFIG, 512 * 1024);
    config.put(ProducerConfig.LINGER_MS_CONFIG, 20);
    config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 4 * 1024 * 1024);
    config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 64L * 1024 * 1024);
    config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, settings.get("compression"));
    if (transactional) config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, settings.get("applicationId"));
    return config;
  }

  private static List<Trade> readTrades(Map<String, String> settings) {
    Properties config = new Properties();
    config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.get("bootstrapServers"));
    List<Trade> trades = new ArrayList<>();
    try (KafkaConsumer<String, Trade> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new TradeSerde().deserializer())) {
      TopicPartition only = new TopicPartition(settings.get("input"), 0);
      consumer.assign(List.of(only));
      consumer.seekToBeginning(List.of(only));
      long end = consumer.endOffsets(List.of(only)).get(only);
      while (trades.size() < end) {
        for (ConsumerRecord<String, Trade> record : consumer.poll(Duration.ofSeconds(1))) trades.add(record.value());
      }
    }
    return trades;
  }
}
