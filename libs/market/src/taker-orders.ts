/** One side's fills in one millisecond with consecutive trade ids: what the exchange reports of one large order. */
export interface TakerOrder {
  readonly timeMs: number
  /** The aggressor's side. */
  readonly isBuy: boolean
  /** Quote quantities of its fills, in no particular order. */
  readonly quotes: number[]
}

/** What a trade adds to its order. */
interface Fill {
  readonly isBuy: boolean
  readonly quote: number
}

/** A stretch of trade ids without a hole. Of its orders only the outer two can still grow, so the inner ones are gone. */
interface Stretch {
  firstId: number
  lastId: number
  first: TakerOrder
  /** The same object as `first` while the stretch is one order. */
  last: TakerOrder
}

/** How long after the order before it (0 for the first); 1 for a buy, 0 for a sell; its quote quantities. */
type OrderData = readonly [sinceMs: number, isBuy: number, ...quotes: number[]]

/** How far its first id is from the last one of the stretch before (from 0 for the first); how far its last id is from its first. */
type StretchData = readonly [gap: number, span: number, first: OrderData, last?: OrderData]

/** By ascending ids; `last` only where it is another order than `first`. */
export type TakerOrdersData = readonly StretchData[]

export interface TakerOrdersOptions {
  /** Takes an order that no later trade can add to; called once for each, in no particular order. */
  readonly completed: (order: TakerOrder) => void
  /** Holes between ids that are kept; one more is an error, since memory would grow without a bound. */
  readonly maxHoles: number
}

/** More holes between trade ids than the configured limit allows. */
export class TradeHoleLimitError extends Error {
  override readonly name = 'TradeHoleLimitError'
}

/**
 * Puts fills together to taker orders: maximal runs of consecutive trade ids with the same time and side, whatever the order of
 * arrival. It knows which ids it has seen, so an id that comes again changes nothing.
 *
 * State: two orders for each stretch of ids without a hole, so one such pair while trades arrive in order.
 */
export class TakerOrders {
  readonly #options: TakerOrdersOptions
  /** By ascending ids; never two that touch. */
  readonly #stretches: Stretch[] = []

  constructor(options: TakerOrdersOptions) {
    this.#options = options
  }

  static restore(data: TakerOrdersData, options: TakerOrdersOptions): TakerOrders {
    const restored = new TakerOrders(options)
    let idBefore = 0
    let msBefore = 0
    const orderFrom = ([sinceMs, isBuy, ...quotes]: OrderData): TakerOrder => {
      msBefore += sinceMs
      return { timeMs: msBefore, isBuy: isBuy === 1, quotes }
    }
    for (const [gap, span, firstData, lastData] of data) {
      const firstId = idBefore + gap
      const first = orderFrom(firstData)
      const last = lastData === undefined ? first : orderFrom(lastData)
      idBefore = firstId + span
      restored.#stretches.push({ firstId, lastId: idBefore, first, last })
    }
    return restored
  }

  /** False, and nothing is changed, where the id was seen before. */
  add(tradeId: number, timeMs: number, fill: Fill): boolean {
    const index = this.#indexAtOrBelow(tradeId)
    const below = this.#stretches[index]
    if (below !== undefined && tradeId <= below.lastId) return false
    const above = this.#stretches[index + 1]
    if (below !== undefined && tradeId === below.lastId + 1) {
      if (isSame(below.last, timeMs, fill.isBuy)) below.last.quotes.push(fill.quote)
      else this.#appendOrder(below, orderOf(timeMs, fill))
      below.lastId = tradeId
      if (above !== undefined && above.firstId === tradeId + 1) this.#join(index)
    } else if (above !== undefined && above.firstId === tradeId + 1) {
      if (isSame(above.first, timeMs, fill.isBuy)) above.first.quotes.push(fill.quote)
      else this.#prependOrder(above, orderOf(timeMs, fill))
      above.firstId = tradeId
    } else {
      this.#insert(index + 1, tradeId, orderOf(timeMs, fill))
    }
    return true
  }

  /** As JSON-safe data: about 100 bytes, 25 more for each hole, and what the fills of open orders take, about 10 each. */
  snapshot(): TakerOrdersData {
    let idBefore = 0
    let msBefore = 0
    const dataOf = ({ timeMs, isBuy, quotes }: TakerOrder): OrderData => {
      const sinceMs = timeMs - msBefore
      msBefore = timeMs
      return [sinceMs, isBuy ? 1 : 0, ...quotes]
    }
    return this.#stretches.map(({ firstId, lastId, first, last }): StretchData => {
      const gap = firstId - idBefore
      const span = lastId - firstId
      idBefore = lastId
      return last === first ? [gap, span, dataOf(first)] : [gap, span, dataOf(first), dataOf(last)]
    })
  }

  /** How many different ids were seen. */
  get tradeCount(): number {
    let count = 0
    for (const { firstId, lastId } of this.#stretches) count += lastId - firstId + 1
    return count
  }

  /** The orders that later trades could still add to. */
  *openOrders(): Generator<TakerOrder> {
    for (const { first, last } of this.#stretches) {
      yield first
      if (last !== first) yield last
    }
  }

  /** Index of the last stretch that starts at or below an id; -1 where all start above it. */
  #indexAtOrBelow(tradeId: number): number {
    const stretches = this.#stretches
    let high = stretches.length - 1
    // In order of arrival the last one is right.
    if (high < 0 || (stretches[high] as Stretch).firstId <= tradeId) return high
    let low = -1
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((stretches[middle] as Stretch).firstId <= tradeId) low = middle
      else high = middle
    }
    return low
  }

  #appendOrder(stretch: Stretch, order: TakerOrder): void {
    if (stretch.last !== stretch.first) this.#options.completed(stretch.last)
    stretch.last = order
  }

  #prependOrder(stretch: Stretch, order: TakerOrder): void {
    if (stretch.last !== stretch.first) this.#options.completed(stretch.first)
    stretch.first = order
  }

  #insert(index: number, tradeId: number, order: TakerOrder): void {
    const { maxHoles } = this.#options
    if (this.#stretches.length > maxHoles) {
      throw new TradeHoleLimitError(
        `more than ${maxHoles} holes between the trade ids of one window (at id ${tradeId}): are ids not contiguous in this feed?`,
      )
    }
    this.#stretches.splice(index, 0, { firstId: tradeId, lastId: tradeId, first: order, last: order })
  }

  /** Makes one of the stretches at `index` and `index + 1`, which touch. */
  #join(index: number): void {
    const [left, right] = this.#stretches.slice(index, index + 2) as [Stretch, Stretch]
    const { completed } = this.#options
    this.#stretches.splice(index + 1, 1)
    left.lastId = right.lastId
    if (isSame(left.last, right.first.timeMs, right.first.isBuy)) {
      const joined = left.last
      for (const quote of right.first.quotes) joined.quotes.push(quote)
      if (right.last === right.first) return
      if (left.first !== joined) completed(joined)
    } else {
      if (left.last !== left.first) completed(left.last)
      if (right.first !== right.last) completed(right.first)
    }
    left.last = right.last
  }
}

function isSame(order: TakerOrder, timeMs: number, isBuy: boolean): boolean {
  return order.timeMs === timeMs && order.isBuy === isBuy
}

function orderOf(timeMs: number, { isBuy, quote }: Fill): TakerOrder {
  return { timeMs, isBuy, quotes: [quote] }
}
