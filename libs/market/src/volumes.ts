import { ExactSum } from '@tidemark/windowing'
import { exactParts } from './exact-parts.ts'

/** The largest trade, then the parts of each sum. */
export type VolumesData = readonly [
  maxTradeQuote: number,
  buyBase: readonly number[],
  sellBase: readonly number[],
  buyQuote: readonly number[],
  sellQuote: readonly number[],
]

/**
 * Traded amounts of a window, by the aggressor's side. `base` is a quantity, `quote` a price x quantity (rounded to double once, then
 * summed exactly), so that every figure here is correctly rounded and the same for any order of arrival. Mergeable, also to larger
 * windows. State: four exact sums and a number.
 */
export class Volumes {
  #buyBase = new ExactSum()
  #sellBase = new ExactSum()
  #buyQuote = new ExactSum()
  #sellQuote = new ExactSum()
  /** Largest quote quantity of a single trade. */
  maxTradeQuote = 0

  static restore([maxTradeQuote, buyBase, sellBase, buyQuote, sellQuote]: VolumesData): Volumes {
    const volumes = new Volumes()
    volumes.maxTradeQuote = maxTradeQuote
    volumes.#buyBase = ExactSum.restore(buyBase)
    volumes.#sellBase = ExactSum.restore(sellBase)
    volumes.#buyQuote = ExactSum.restore(buyQuote)
    volumes.#sellQuote = ExactSum.restore(sellQuote)
    return volumes
  }

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

  merge(other: Volumes): void {
    this.#buyBase.merge(other.#buyBase)
    this.#sellBase.merge(other.#sellBase)
    this.#buyQuote.merge(other.#buyQuote)
    this.#sellQuote.merge(other.#sellQuote)
    this.maxTradeQuote = Math.max(this.maxTradeQuote, other.maxTradeQuote)
  }

  /** As JSON-safe data. */
  snapshot(): VolumesData {
    return [
      this.maxTradeQuote,
      exactParts(this.#buyBase),
      exactParts(this.#sellBase),
      exactParts(this.#buyQuote),
      exactParts(this.#sellQuote),
    ]
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
