import { ExactSum } from '@tidemark/windowing'
import { exactParts } from './exact-parts.ts'
import type { TakerOrder } from './taker-orders.ts'

/** The floor, null where nothing can reach it; the count; the parts of both sums. */
export type WhaleTotalsData = readonly [
  floor: number | null,
  count: number,
  quote: readonly number[],
  buyQuote: readonly number[],
]

/** More than rounding can add up to in a plain sum of some millions of positive numbers. */
const roundingMargin = 1e-9

/**
 * Counts and volumes of the taker orders whose quote quantity is at least `floor`, in the quote asset: the whales'. Without a floor
 * nothing is counted.
 *
 * State: two exact sums and a number.
 */
export class WhaleTotals {
  readonly #floor: number | undefined
  #quote = new ExactSum()
  #buyQuote = new ExactSum()
  count = 0

  constructor(floor: number | undefined) {
    this.#floor = floor
  }

  /** They go on with the floor they began with: a window is judged by one floor, whatever the settings say since. */
  static restore([floor, count, quote, buyQuote]: WhaleTotalsData): WhaleTotals {
    const totals = new WhaleTotals(floor ?? undefined)
    totals.count = count
    totals.#quote = ExactSum.restore(quote)
    totals.#buyQuote = ExactSum.restore(buyQuote)
    return totals
  }

  add(order: TakerOrder): void {
    if (this.#floor === undefined || !isAtLeast(order.quotes, this.#floor)) return
    this.count++
    for (const quote of order.quotes) {
      this.#quote.add(quote)
      if (order.isBuy) this.#buyQuote.add(quote)
    }
  }

  copy(): WhaleTotals {
    const copy = new WhaleTotals(this.#floor)
    copy.count = this.count
    copy.#quote.merge(this.#quote)
    copy.#buyQuote.merge(this.#buyQuote)
    return copy
  }

  /** As JSON-safe data. Quote quantities are above zero, so a floor below it is as good as zero, and an infinite one as none. */
  snapshot(): WhaleTotalsData {
    const floor = this.#floor === undefined || !(this.#floor < Infinity) ? null : Math.max(this.#floor, 0)
    return [floor, this.count, exactParts(this.#quote), exactParts(this.#buyQuote)]
  }

  totals() {
    return {
      whale_order_count: this.count,
      whale_quote_volume: this.#quote.value(),
      whale_buy_quote_volume: this.#buyQuote.value(),
    }
  }
}

function isAtLeast(quotes: readonly number[], floor: number): boolean {
  let plainSum = 0
  for (const quote of quotes) plainSum += quote
  // Nearly every order is far below the floor; near it and above, the sum must not depend on the order of its fills.
  if (plainSum < floor * (1 - roundingMargin)) return false
  const exact = new ExactSum()
  for (const quote of quotes) exact.add(quote)
  return exact.value() >= floor
}
