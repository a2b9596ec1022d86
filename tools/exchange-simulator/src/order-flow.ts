import type { Random } from './seeded-random.ts'

/** A taker order before it meets the book: how much, and into how many fills it breaks. */
export interface TakerOrder {
  readonly notionalDollars: number
  readonly fillCount: number
}

/** Orders per whale: at twenty trades a second about one in two and a half minutes and symbol. */
const ORDERS_PER_WHALE = 1500
const WHALE_MIN_DOLLARS = 120_000
const WHALE_MAX_DOLLARS = 5_000_000
const WHALE_MIN_FILLS = 15
const WHALE_FILLS_SPREAD = 46

const MEDIAN_DOLLARS = 250
const LOG_SIZE_DEVIATION = 1.5
const MAX_DOLLARS = 50_000
const SINGLE_FILL_SHARE = 0.55
const EXTRA_FILLS_SCALE = 1.5
const MAX_FILLS = 40

/** Share of time in a burst, and what it multiplies the rate of orders by; calm is slowed so that the mean rate holds. */
const MEAN_CALM_MS = 17_500
const MEAN_BURST_MS = 1_000
const CALM_INTENSITY = 0.6
const BURST_INTENSITY = (MEAN_CALM_MS + MEAN_BURST_MS - CALM_INTENSITY * MEAN_CALM_MS) / MEAN_BURST_MS

/** Mean number of trades an order becomes, so that a rate in trades can be turned into one in orders. */
export const MEAN_FILLS_PER_ORDER = meanFills()

/** Sizes are log-normal, most orders one fill; now and then a whale, one order of many fills. */
export function drawOrder(random: Random): TakerOrder {
  if (random.integer(ORDERS_PER_WHALE) === 0) {
    return {
      notionalDollars: Math.min(WHALE_MAX_DOLLARS, WHALE_MIN_DOLLARS * Math.exp(0.7 * random.exponential())),
      fillCount: WHALE_MIN_FILLS + random.integer(WHALE_FILLS_SPREAD),
    }
  }
  const isSingle = random.uniform() < SINGLE_FILL_SHARE
  return {
    notionalDollars: Math.min(MAX_DOLLARS, MEDIAN_DOLLARS * Math.exp(LOG_SIZE_DEVIATION * random.normal())),
    fillCount: isSingle ? 1 : Math.min(MAX_FILLS, 2 + Math.floor(EXTRA_FILLS_SCALE * random.exponential())),
  }
}

/** When orders arrive: a Poisson process that switches between calm and bursts. */
export class OrderArrivals {
  readonly #random: Random
  readonly #ordersPerMs: number
  #isBurst = false
  #phaseEndsMs: number
  #timeMs = 0

  constructor(random: Random, tradesPerSecond: number) {
    this.#random = random
    this.#ordersPerMs = tradesPerSecond / MEAN_FILLS_PER_ORDER / 1000
    this.#phaseEndsMs = random.exponential() * MEAN_CALM_MS
  }

  get isBurst(): boolean {
    return this.#isBurst
  }

  /** Time of the next order in ms since the start, with fractions; never goes back. */
  next(): number {
    for (;;) {
      const intensity = this.#isBurst ? BURST_INTENSITY : CALM_INTENSITY
      const arrivalMs = this.#timeMs + this.#random.exponential() / (this.#ordersPerMs * intensity)
      if (arrivalMs < this.#phaseEndsMs) {
        this.#timeMs = arrivalMs
        return arrivalMs
      }
      // Waiting times forget: drawing anew from the switch on is exact.
      this.#timeMs = this.#phaseEndsMs
      this.#isBurst = !this.#isBurst
      this.#phaseEndsMs += this.#random.exponential() * (this.#isBurst ? MEAN_BURST_MS : MEAN_CALM_MS)
    }
  }
}

function meanFills(): number {
  // The mean of floor(scale * Exp(1)) is that of a geometric distribution.
  const meanExtra = 1 / (Math.exp(1 / EXTRA_FILLS_SCALE) - 1)
  const usual = SINGLE_FILL_SHARE + (1 - SINGLE_FILL_SHARE) * (2 + meanExtra)
  const whale = WHALE_MIN_FILLS + (WHALE_FILLS_SPREAD - 1) / 2
  return usual + (whale - usual) / ORDERS_PER_WHALE
}
