import { drawOrder, OrderArrivals } from './order-flow.ts'
import { PricePath } from './price-path.ts'
import { seededRandom } from './seeded-random.ts'
import type { Random } from './seeded-random.ts'
import { decimalText } from './simulated-trade.ts'
import type { SimulatedTrade } from './simulated-trade.ts'
import { symbolProfile } from './symbol-profile.ts'
import type { SymbolProfile } from './symbol-profile.ts'

/** Chance that an order is on the same side as the one before. */
const SAME_SIDE_CHANCE = 0.62
/** Chance that the next fill of an order is one tick worse than the last. */
const NEXT_LEVEL_CHANCE = 0.25
/** Part of the price an order ate through that stays. */
const LASTING_IMPACT = 0.5

export interface SymbolMarketOptions {
  readonly symbol: string
  readonly seed: number
  readonly startMs: number
  readonly tradesPerSecond: number
}

/**
 * The trades of one symbol, as a function of these options alone. Ids count up from `startMs * 1000 + 1`, so that a
 * market started later never gives out an id again, up to a million trades a second.
 */
export class SymbolMarket {
  readonly #profile: SymbolProfile
  readonly #random: Random
  readonly #arrivals: OrderArrivals
  readonly #price: PricePath
  readonly #startMs: number
  #isBuy = true
  #nextId: number
  // Times count from the start: sums of fractions would round differently for each start.
  #timeMs = 0
  #nextOrderMs: number

  constructor({ symbol, seed, startMs, tradesPerSecond }: SymbolMarketOptions) {
    this.#profile = symbolProfile(symbol)
    this.#random = seededRandom(seed, symbol)
    this.#arrivals = new OrderArrivals(this.#random, tradesPerSecond)
    this.#price = new PricePath(this.#random, this.#profile.referencePrice)
    this.#nextId = startMs * 1000 + 1
    this.#startMs = startMs
    this.#nextOrderMs = this.#arrivals.next()
  }

  /** Leaves out so many ids. */
  skipIds(count: number): void {
    this.#nextId += count
  }

  /** Appends all trades before `endMs` that were not handed out yet, in the order of their ids. */
  advanceTo(endMs: number, trades: SimulatedTrade[]): void {
    while (this.#nextOrderMs < endMs - this.#startMs) {
      this.#price.advance((this.#nextOrderMs - this.#timeMs) / 1000, this.#arrivals.isBurst)
      this.#timeMs = this.#nextOrderMs
      this.#fillOrder(trades)
      this.#nextOrderMs = this.#arrivals.next()
    }
  }

  /** One taker order: fills at the same ms and on the same side, each at the price of the last or a tick worse. */
  #fillOrder(trades: SimulatedTrade[]): void {
    const { symbol, priceDecimals, quantityDecimals, quoteInDollars } = this.#profile
    const random = this.#random
    if (random.uniform() >= SAME_SIDE_CHANCE) this.#isBuy = !this.#isBuy
    const direction = this.#isBuy ? 1 : -1
    const { notionalDollars, fillCount } = drawOrder(random)
    const mid = this.#price.mid
    const steps = Math.ceil((notionalDollars / quoteInDollars / mid) * 10 ** quantityDecimals)
    const tradeTimeMs = this.#startMs + Math.floor(this.#timeMs)
    const eventTimeMs = tradeTimeMs + random.integer(2)
    const firstTicks = Math.max(1, Math.round(mid * 10 ** priceDecimals) + direction)
    let ticks = firstTicks
    for (const fillSteps of splitSteps(steps, fillCount, random)) {
      const price = decimalText(ticks, priceDecimals)
      const quantity = decimalText(fillSteps, quantityDecimals)
      trades.push({
        symbol,
        tradeId: this.#nextId,
        price,
        quantity,
        tradeTimeMs,
        eventTimeMs,
        isBuyerMaker: !this.#isBuy,
      })
      this.#nextId += 1
      if (random.uniform() < NEXT_LEVEL_CHANCE) ticks = Math.max(1, ticks + direction)
    }
    this.#price.shift(LASTING_IMPACT * Math.log(ticks / firstTicks))
  }
}

/** Splits a quantity into uneven parts of at least one step each: as many as asked for, or as there are steps. */
function splitSteps(steps: number, partCount: number, random: Random): number[] {
  const count = Math.min(partCount, steps)
  const weights = Array.from({ length: count }, () => random.exponential())
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let left = steps - count
  return weights.map((weight, index) => {
    const share = index === count - 1 ? left : Math.min(left, Math.floor(((steps - count) * weight) / total))
    left -= share
    return 1 + share
  })
}
