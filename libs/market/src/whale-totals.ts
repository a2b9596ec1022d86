import { ExactSum } from '@tidemark/windowing'
import { exactParts } from './exact-parts.ts'
import type { WhaleShare } from './whale-orders.ts'

/** The count; the parts of both sums. */
export type WhaleTotalsData = readonly [count: number, quote: readonly number[], buyQuote: readonly number[]]

/**
 * Count and volume of the whale orders of a window, in the quote asset. Mergeable, also to larger windows. State: two exact sums and a
 * number.
 */
export class WhaleTotals {
  #quote = new ExactSum()
  #buyQuote = new ExactSum()
  count = 0

  static restore([count, quote, buyQuote]: WhaleTotalsData): WhaleTotals {
    const totals = new WhaleTotals()
    totals.count = count
    totals.#quote = ExactSum.restore(quote)
    totals.#buyQuote = ExactSum.restore(buyQuote)
    return totals
  }

  add({ orders, quotes, isBuy }: WhaleShare): void {
    this.count += orders
    for (const quote of quotes) {
      this.#quote.add(quote)
      if (isBuy) this.#buyQuote.add(quote)
    }
  }

  merge(other: WhaleTotals): void {
    this.count += other.count
    this.#quote.merge(other.#quote)
    this.#buyQuote.merge(other.#buyQuote)
  }

  /** As JSON-safe data. */
  snapshot(): WhaleTotalsData {
    return [this.count, exactParts(this.#quote), exactParts(this.#buyQuote)]
  }

  totals() {
    return {
      whale_order_count: this.count,
      whale_quote_volume: this.#quote.value(),
      whale_buy_quote_volume: this.#buyQuote.value(),
    }
  }
}
