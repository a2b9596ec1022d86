import type { WhaleOrder } from '@tidemark/schemas'
import { LimitError, quantiles } from '@tidemark/windowing'
import { exactParts } from './exact-parts.ts'
import { TakerOrder, type Fill, type TakerOrderData } from './taker-order.ts'

/** What a fill adds to the whale volume of its window. */
export interface WhaleShare {
  /** 1 for the fill with which its order became a whale's, else 0. */
  readonly orders: number
  /** Doubles whose exact sum is the quote quantity to add: with that fill all of its order so far, later its own. */
  readonly quotes: readonly number[]
  readonly isBuy: boolean
}

export interface WhaleRule {
  /** The symbol's floor, in its quote asset; undefined: its orders are not judged. */
  readonly floor: number | undefined
  /** Also ask for at least this quantile of the symbol's taker orders so far, from 0 to 1; undefined: off. */
  readonly quantile: number | undefined
}

type Judged = Pick<WhaleOrder, 'threshold_quote' | 'rule'>

interface Whale {
  readonly order: TakerOrder
  readonly judged: Judged
}

type WhaleData = readonly [order: TakerOrderData, threshold: number, rule: string]

export type WhaleOrdersData = readonly [
  current: TakerOrderData | null,
  waiting: readonly WhaleData[],
  /** The last of those waiting is the current order. */
  currentIsWhale: number,
  sketch: unknown,
]

/** The quantile is asked for after so many orders. */
const quantileWarmUp = 10_000
/** How far the running quantile may be from the true one: one in a hundred of its value. */
const quantileAccuracy = 0.01
/** Whale orders of one symbol that wait for the watermark. */
const maxWaiting = 100_000

const noShare: WhaleShare = { orders: 0, quotes: [], isBuy: false }

/**
 * The whale orders of one symbol: taker orders whose quote quantity is at least the symbol's floor, and at least the running quantile of
 * its taker orders where that is asked for (of those before it, after the first 10,000; a DDSketch, within 1 % of the true one).
 *
 * Takes trades in sequence. An order counts from the fill on with which it reaches the threshold; it is told by `take` when the watermark
 * has passed its time, in order of first ids. State: an order, the whales of the last moments, and with a quantile a sketch of up to
 * 2,420 numbers.
 */
export class WhaleOrders {
  readonly #symbol: string
  readonly #rule: WhaleRule
  readonly #quantiles: ReturnType<typeof quantilesOf> | undefined
  #sketch: ReturnType<ReturnType<typeof quantilesOf>['init']> | undefined
  #current: TakerOrder | undefined
  /** In order of their first ids. */
  #waiting: Whale[] = []
  #currentIsWhale = false

  constructor(symbol: string, rule: WhaleRule) {
    this.#symbol = symbol
    this.#rule = rule
    this.#quantiles = rule.quantile === undefined ? undefined : quantilesOf(rule.quantile)
    this.#sketch = this.#quantiles?.init()
  }

  restore([current, waiting, currentIsWhale, sketch]: WhaleOrdersData): void {
    this.#waiting = waiting.map(([order, threshold_quote, rule]) => ({
      order: TakerOrder.restore(order),
      judged: { threshold_quote, rule },
    }))
    this.#currentIsWhale = currentIsWhale === 1
    this.#current = this.#currentIsWhale
      ? this.#waiting.at(-1)?.order
      : current === null
        ? undefined
        : TakerOrder.restore(current)
    if (sketch !== null) this.#sketch = this.#quantiles?.restore?.(sketch) ?? this.#sketch
  }

  /** What a fill adds to the whales of its window. */
  add(fill: Fill): WhaleShare {
    const { floor } = this.#rule
    if (floor === undefined) return noShare
    let order = this.#current
    if (order === undefined || !order.takes(fill)) {
      if (order !== undefined) this.#count(order)
      order = new TakerOrder(fill)
      this.#current = order
      this.#currentIsWhale = false
    }
    order.add(fill)
    if (this.#currentIsWhale) return { orders: 0, quotes: [fill.quote], isBuy: fill.isBuy }
    const quote = order.quote.value()
    if (quote < floor) return noShare
    const judged = this.#judge(floor)
    if (quote < judged.threshold_quote) return noShare
    if (this.#waiting.length >= maxWaiting) {
      throw new LimitError(
        `${maxWaiting} whale orders of ${this.#symbol} wait for event time to pass: does it stand still?`,
      )
    }
    this.#currentIsWhale = true
    this.#waiting.push({ order, judged })
    return { orders: 1, quotes: exactParts(order.quote), isBuy: fill.isBuy }
  }

  /** From which watermark on the next whale order can be told; undefined: there is none. */
  get dueMs(): number | undefined {
    const [first] = this.#waiting
    return first === undefined ? undefined : first.order.timeMs + 1
  }

  /** The whale orders whose time the watermark has passed, each once. They don't grow any more. */
  take(watermarkMs: number): WhaleOrder[] {
    const taken: WhaleOrder[] = []
    while (this.#waiting.length > 0 && (this.dueMs as number) <= watermarkMs) {
      const { order, judged } = this.#waiting.shift() as Whale
      if (order === this.#current) {
        this.#count(order)
        this.#current = undefined
        this.#currentIsWhale = false
      }
      taken.push(this.#recordOf(order, judged))
    }
    return taken
  }

  /** As JSON-safe data. */
  snapshot(): WhaleOrdersData {
    const waiting = this.#waiting.map(({ order, judged }): WhaleData => [
      order.snapshot(),
      judged.threshold_quote,
      judged.rule,
    ])
    const current = this.#currentIsWhale ? null : (this.#current?.snapshot() ?? null)
    const sketch = this.#sketch === undefined ? null : this.#quantiles?.snapshot?.(this.#sketch)
    return [current, waiting, this.#currentIsWhale ? 1 : 0, sketch]
  }

  #judge(floor: number): Judged {
    const sketch = this.#sketch
    if (sketch === undefined || sketch.count < quantileWarmUp) return { threshold_quote: floor, rule: 'floor' }
    const quantile = sketch.getValueAtQuantile(this.#rule.quantile as number)
    return quantile > floor
      ? { threshold_quote: quantile, rule: 'quantile' }
      : { threshold_quote: floor, rule: 'floor' }
  }

  #count(order: TakerOrder): void {
    if (this.#sketch !== undefined) this.#quantiles?.add(this.#sketch, order.quote.value())
  }

  #recordOf(order: TakerOrder, judged: Judged): WhaleOrder {
    const base = order.base.value()
    const quote = order.quote.value()
    return {
      symbol: this.#symbol,
      side: order.isBuy ? 'buy' : 'sell',
      first_trade_id: order.firstId,
      last_trade_id: order.lastId,
      fill_count: order.fillCount,
      trade_time_ms: order.timeMs,
      vwap: quote / base,
      base_quantity: base,
      quote_quantity: quote,
      price_from: order.priceFrom,
      price_to: order.priceTo,
      ...judged,
    }
  }
}

function quantilesOf(quantile: number) {
  return quantiles<number>({
    of: (quote) => quote,
    at: [quantile],
    relativeAccuracy: quantileAccuracy,
    maxMagnitude: Number.MAX_VALUE,
  })
}
