package tidemark.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import tidemark.Trade;

/** Whole trades in Avro with the Confluent wire format, through the class that Avro generates, with decoder and encoder reused. */
final class TradeSerde implements Serde<Trade> {
  @Override
  public Deserializer<Trade> deserializer() {
    return new TradeDeserializer<>(Trade.getClassSchema());
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
