import { ExactSum } from '@tidemark/windowing'

/**
 * Traded amounts of a window, by the aggressor's side. `base` is a quantity, `quote` a price x quantity (rounded to double once, then
 * summed exactly), so that every figure here is correctly rounded and the same for any order of arrival.
 *
 * State: four exact sums and a number.
 */
export class Volumes {
  readonly #buyBase = new ExactSum()
  readonly #sellBase = new ExactSum()
  readonly #buyQuote = new ExactSum()
  readonly #sellQuote = new ExactSum()
  /** Largest quote quantity of a single trade. */
  maxTradeQuote = 0

  add(isBuy: boolean, base: number, quote: number): void {
    if (isBuy) {
      this.#buyBase.add(base)
      this.#buyQuote.add(quote)
    } else {
      this.#sellBase.add(base)
      this.#sellQuote.add(quote)
    }
    if (quote > this.maxTradeQuote) this.maxTradeQuote = quote
  }

  totals() {
    const base = sumOf(this.#buyBase, this.#sellBase)
    const quote = sumOf(this.#buyQuote, this.#sellQuote)
    const buyBase = this.#buyBase.value()
    const sellBase = this.#sellBase.value()
    const buyQuote = this.#buyQuote.value()
    const sellQuote = this.#sellQuote.value()
    return {
      base_volume: base,
      quote_volume: quote,
      vwap: quote / base,
      buy_base_volume: buyBase,
      sell_base_volume: sellBase,
      buy_quote_volume: buyQuote,
      sell_quote_volume: sellQuote,
      /** Null where nothing was sold. */
      buy_sell_ratio: sellBase === 0 ? null : buyBase / sellBase,
      /** From -1 (all sold) to 1 (all bought). */
      order_flow_imbalance: quote === 0 ? 0 : (buyQuote - sellQuote) / (buyQuote + sellQuote),
    }
  }
}

/** Correctly rounded, which the sum of two rounded sums is not. */
function sumOf(left: ExactSum, right: ExactSum): number {
  const sum = new ExactSum()
  sum.merge(left)
  sum.merge(right)
  return sum.value()
}
