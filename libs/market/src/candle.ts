/** A candle's numbers; the last id as its distance from the first one. */
export type CandleData = readonly [
  firstId: number,
  idSpan: number,
  open: number,
  high: number,
  low: number,
  close: number,
]

/**
 * Open, high, low and close of a window, in the quote asset: open and close are the prices of the lowest and the highest trade id,
 * whatever the order of arrival. Mergeable, also to larger windows. State: six numbers.
 */
export class Candle {
  firstId = Infinity
  lastId = -Infinity
  open = NaN
  high = -Infinity
  low = Infinity
  close = NaN

  static restore(data: CandleData | null): Candle {
    const candle = new Candle()
    if (data === null) return candle
    const [firstId, idSpan, open, high, low, close] = data
    candle.firstId = firstId
    candle.lastId = firstId + idSpan
    candle.open = open
    candle.high = high
    candle.low = low
    candle.close = close
    return candle
  }

  add(tradeId: number, price: number): void {
    if (tradeId > this.lastId) {
      this.lastId = tradeId
      this.close = price
    }
    if (tradeId < this.firstId) {
      this.firstId = tradeId
      this.open = price
    }
    if (price > this.high) this.high = price
    if (price < this.low) this.low = price
  }

  merge(other: Candle): void {
    if (other.firstId > other.lastId) return
    this.add(other.firstId, other.open)
    this.add(other.lastId, other.close)
    this.high = Math.max(this.high, other.high)
    this.low = Math.min(this.low, other.low)
  }

  /** As JSON-safe data; null before the first trade, since JSON knows no infinity. */
  snapshot(): CandleData | null {
    const { firstId, lastId, open, high, low, close } = this
    return firstId > lastId ? null : [firstId, lastId - firstId, open, high, low, close]
  }
}
