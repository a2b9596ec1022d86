package tidemark.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import tidemark.Trade;

/**
 * Trades in Avro with the Confluent wire format, through the class that Avro generates, with its generated coders and with decoder and
 * encoder reused. Every trade has the schema of this build, so there is none to look up.
 */
final class TradeSerde implements Serde<Trade> {
  private static final int HEADER_BYTES = 5;

  @Override
  public Deserializer<Trade> deserializer() {
    SpecificDatumReader<Trade> reader = new SpecificDatumReader<>(Trade.getClassSchema());
    return new Deserializer<>() {
      private BinaryDecoder decoder;

      @Override
      public Trade deserialize(String topic, byte[] bytes) {
        if (bytes == null) return null;
        decoder = DecoderFactory.get().binaryDecoder(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES, decoder);
        try {
          return reader.read(null, decoder);
        } catch (IOException error) {
          throw new UncheckedIOException(error);
        }
      }
    };
  }

  @Override
  public Serializer<Trade> serializer() {
    SpecificDatumWriter<Trade> writer = new SpecificDatumWriter<>(Trade.getClassSchema());
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    return new Serializer<>() {
      private BinaryEncoder encoder;

      @Override
      public byte[] serialize(String topic, Trade trade) {
        if (trade == null) return null;
        out.reset();
        out.writeBytes(new byte[] {0, 0, 0, 0, 1});
        encoder = EncoderFactory.get().directBinaryEncoder(out, encoder);
        try {
          writer.write(trade, encoder);
          encoder.flush();
        } catch (IOException error) {
          throw new UncheckedIOException(error);
        }
        return out.toByteArray();
      }
    };
  }
}
