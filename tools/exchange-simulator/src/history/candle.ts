/** A trade as the history keeps it. Decimals are whole numbers of 1e-8. */
export interface HistoryTrade {
  readonly id: number
  /** Shared by the fills of one taker order at one price and time. */
  readonly aggregateId: number
  readonly price: bigint
  readonly quantity: bigint
  readonly timeMs: number
  /** True where the seller was the aggressor. */
  readonly isBuyerMaker: boolean
}

/** Open, high, low, close and volumes of the trades of a span of time. Quote volumes are whole numbers of 1e-16. */
export interface Candle {
  readonly openMs: number
  readonly firstId: number
  readonly lastId: number
  readonly count: number
  readonly open: bigint
  readonly high: bigint
  readonly low: bigint
  readonly close: bigint
  readonly volume: bigint
  readonly quoteVolume: bigint
  readonly takerVolume: bigint
  readonly takerQuoteVolume: bigint
}

/** The candle of one trade. */
export function tradeCandle(trade: HistoryTrade, openMs: number): Candle {
  const { id, price, quantity } = trade
  const quote = price * quantity
  return {
    openMs,
    firstId: id,
    lastId: id,
    count: 1,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: quantity,
    quoteVolume: quote,
    takerVolume: trade.isBuyerMaker ? 0n : quantity,
    takerQuoteVolume: trade.isBuyerMaker ? 0n : quote,
  }
}

/** The candle of a span without trades: nothing moved since the last close. Ids are -1, as the exchange writes them. */
export function emptyCandle(openMs: number, close: bigint): Candle {
  const prices = { open: close, high: close, low: close, close }
  const volumes = { volume: 0n, quoteVolume: 0n, takerVolume: 0n, takerQuoteVolume: 0n }
  return { openMs, firstId: -1, lastId: -1, count: 0, ...prices, ...volumes }
}

/** Two candles as one; `later` holds later trades than `earlier`. Opens with the earlier. */
export function mergeCandles(earlier: Candle, later: Candle): Candle {
  return {
    openMs: earlier.openMs,
    firstId: earlier.firstId,
    lastId: later.lastId,
    count: earlier.count + later.count,
    open: earlier.open,
    high: earlier.high > later.high ? earlier.high : later.high,
    low: earlier.low < later.low ? earlier.low : later.low,
    close: later.close,
    volume: earlier.volume + later.volume,
    quoteVolume: earlier.quoteVolume + later.quoteVolume,
    takerVolume: earlier.takerVolume + later.takerVolume,
    takerQuoteVolume: earlier.takerQuoteVolume + later.takerQuoteVolume,
  }
}
