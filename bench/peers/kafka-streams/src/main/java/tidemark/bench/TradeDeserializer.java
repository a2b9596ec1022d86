package tidemark.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.kafka.common.serialization.Deserializer;
import tidemark.Trade;

/**
 * Reads trades in Avro with the Confluent wire format into the class that Avro generates for a schema: that of a trade, or one with
 * fewer of its fields. The decoder is reused. Every trade was written with the schema of this build, so there is none to look up.
 */
final class TradeDeserializer<T> implements Deserializer<T> {
  private static final int HEADER_BYTES = 5;

  private final SpecificDatumReader<T> reader;
  private BinaryDecoder decoder;

  TradeDeserializer(Schema read) {
    reader = new SpecificDatumReader<>(Trade.getClassSchema(), read);
  }

  @Override
  public T deserialize(String topic, byte[] bytes) {
    if (bytes == null) return null;
    decoder = DecoderFactory.get().binaryDecoder(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES, decoder);
    try {
      return reader.read(null, decoder);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
