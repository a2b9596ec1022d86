package tidemark.bench;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import tidemark.Trade;

/** What a window keeps: the same fields and formulas as in bench/src/jobs/candle.ts. */
final class Candle {
  private static final double WHALE_QUOTE = 100_000;
  private static final int BYTES = 4 * Long.BYTES + 9 * Double.BYTES;

  long trades;
  long firstId;
  long lastId;
  long whales;
  double open;
  double high;
  double low;
  double close;
  double base;
  double quote;
  double buy;
  double sell;
  double realisedVariance;

  Candle add(Trade trade) {
    return add(trade.getTradeId(), trade.getPrice(), trade.getQuantity(), trade.getIsBuyerMaker());
  }

  Candle add(CandleTrade trade) {
    return add(trade.getTradeId(), trade.getPrice(), trade.getQuantity(), trade.getIsBuyerMaker());
  }

  private Candle add(long tradeId, double price, double quantity, boolean isBuyerMaker) {
    double quoteQuantity = price * quantity;
    if (trades == 0) {
      firstId = tradeId;
      open = price;
      high = price;
      low = price;
    } else {
      double logReturn = Math.log(price / close);
      realisedVariance += logReturn * logReturn;
      if (price > high) high = price;
      if (price < low) low = price;
    }
    trades++;
    lastId = tradeId;
    close = price;
    base += quantity;
    quote += quoteQuantity;
    if (isBuyerMaker) sell += quantity;
    else buy += quantity;
    if (quoteQuantity >= WHALE_QUOTE) whales++;
    return this;
  }

  static Serde<Candle> serde() {
    Serializer<Candle> serializer = (topic, candle) -> candle == null ? null : candle.toBytes();
    Deserializer<Candle> deserializer = (topic, bytes) -> bytes == null ? null : fromBytes(bytes);
    return Serdes.serdeFrom(serializer, deserializer);
  }

  private byte[] toBytes() {
    return ByteBuffer.allocate(BYTES)
        .putLong(trades).putLong(firstId).putLong(lastId).putLong(whales)
        .putDouble(open).putDouble(high).putDouble(low).putDouble(close)
        .putDouble(base).putDouble(quote).putDouble(buy).putDouble(sell).putDouble(realisedVariance)
        .array();
  }

  private static Candle fromBytes(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    Candle candle = new Candle();
    candle.trades = in.getLong();
    candle.firstId = in.getLong();
    candle.lastId = in.getLong();
    candle.whales = in.getLong();
    candle.open = in.getDouble();
    candle.high = in.getDouble();
    candle.low = in.getDouble();
    candle.close = in.getDouble();
    candle.base = in.getDouble();
    candle.quote = in.getDouble();
    candle.buy = in.getDouble();
    candle.sell = in.getDouble();
    candle.realisedVariance = in.getDouble();
    return candle;
  }
}
