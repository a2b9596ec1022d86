/**
 * Open, high, low and close of a window.
 *
 * Open and close are the prices of the lowest and the highest trade id, whatever the order of arrival; in the quote asset.
 * State: six numbers.
 */
export class Candle {
  firstId = Infinity
  lastId = -Infinity
  open = NaN
  high = -Infinity
  low = Infinity
  close = NaN

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
}
