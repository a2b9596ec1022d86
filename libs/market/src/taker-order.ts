import { ExactSum } from '@tidemark/windowing'
import { exactParts } from './exact-parts.ts'

/** A trade as one fill of an order. */
export interface Fill {
  readonly trade_id: number
  readonly trade_time_ms: number
  readonly price: number
  readonly quantity: number
  /** price x quantity, rounded to double. */
  readonly quote: number
  /** The aggressor bought. */
  readonly isBuy: boolean
}

export type TakerOrderData = readonly [
  firstId: number,
  fillCount: number,
  timeMs: number,
  isBuy: number,
  priceFrom: number,
  priceTo: number,
  base: readonly number[],
  quote: readonly number[],
]

/**
 * A taker order: a maximal run of consecutive trade ids with the same trade time and the same side. The exchange reports one large order
 * as many small fills, so sizes are judged on this. Base and quote quantities are exact sums, whatever the number of fills.
 *
 * Takes fills in the order of their ids. State: two exact sums and six numbers.
 */
export class TakerOrder {
  readonly firstId: number
  readonly timeMs: number
  readonly isBuy: boolean
  readonly priceFrom: number
  fillCount = 0
  priceTo = NaN
  readonly base = new ExactSum()
  readonly quote = new ExactSum()

  constructor(first: Pick<Fill, 'trade_id' | 'trade_time_ms' | 'isBuy' | 'price'>) {
    this.firstId = first.trade_id
    this.timeMs = first.trade_time_ms
    this.isBuy = first.isBuy
    this.priceFrom = first.price
  }

  static restore(data: TakerOrderData): TakerOrder {
    const [trade_id, fillCount, trade_time_ms, isBuy, price, priceTo, base, quote] = data
    const order = new TakerOrder({ trade_id, trade_time_ms, isBuy: isBuy === 1, price })
    order.fillCount = fillCount
    order.priceTo = priceTo
    for (const part of base) order.base.add(part)
    for (const part of quote) order.quote.add(part)
    return order
  }

  get lastId(): number {
    return this.firstId + this.fillCount - 1
  }

  /** Whether a trade is this order's next fill. */
  takes(fill: Fill): boolean {
    return (
      fill.trade_time_ms === this.timeMs && fill.isBuy === this.isBuy && fill.trade_id === this.firstId + this.fillCount
    )
  }

  add(fill: Fill): void {
    this.fillCount++
    this.priceTo = fill.price
    this.base.add(fill.quantity)
    this.quote.add(fill.quote)
  }

  /** As JSON-safe data. */
  snapshot(): TakerOrderData {
    const { firstId, fillCount, timeMs, isBuy, priceFrom, priceTo, base, quote } = this
    return [firstId, fillCount, timeMs, isBuy ? 1 : 0, priceFrom, priceTo, exactParts(base), exactParts(quote)]
  }
}
