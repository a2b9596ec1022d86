import type { Random } from './seeded-random.ts'

/** Standard deviation of the log price over a calm second: about 60 % a year. */
const VOLATILITY_PER_SQRT_S = 1.07e-4
const BURST_VOLATILITY_FACTOR = 3

/** Log volatility is drawn to 0 within some minutes and wanders by this much: quiet and wild spells. */
const CLUSTER_REVERSION_PER_S = 1 / 180
const CLUSTER_DEVIATION = 0.6

const SECONDS_PER_JUMP = 600
const MIN_JUMP = 0.003
const JUMP_SPREAD = 0.007

/** The price is drawn to its reference within a day, so that no run of any length ends at zero. */
const PRICE_REVERSION_PER_S = 1 / 86_400
const MAX_LOG_DISTANCE = 1.5

/** The mid price of one symbol: a random walk with volatility clusters and jumps. */
export class PricePath {
  readonly #random: Random
  readonly #referencePrice: number
  #logDistance = 0
  #logVolatility = 0

  constructor(random: Random, referencePrice: number) {
    this.#random = random
    this.#referencePrice = referencePrice
  }

  get mid(): number {
    return this.#referencePrice * Math.exp(this.#logDistance)
  }

  /** Lets time pass. */
  advance(seconds: number, isBurst: boolean): void {
    const reverts = Math.exp(-seconds * CLUSTER_REVERSION_PER_S)
    const wanders = CLUSTER_DEVIATION * Math.sqrt(1 - reverts * reverts)
    this.#logVolatility = this.#logVolatility * reverts + wanders * this.#random.normal()
    const volatility = VOLATILITY_PER_SQRT_S * Math.exp(this.#logVolatility) * (isBurst ? BURST_VOLATILITY_FACTOR : 1)
    let change = volatility * Math.sqrt(seconds) * this.#random.normal()
    change -= this.#logDistance * Math.min(1, seconds * PRICE_REVERSION_PER_S)
    if (this.#random.uniform() < 1 - Math.exp(-seconds / SECONDS_PER_JUMP)) {
      const size = MIN_JUMP + JUMP_SPREAD * this.#random.uniform()
      change += this.#random.uniform() < 0.5 ? size : -size
    }
    this.shift(change)
  }

  /** Moves the price by a change of its logarithm: what an order that eats into the book leaves behind. */
  shift(change: number): void {
    this.#logDistance = Math.min(MAX_LOG_DISTANCE, Math.max(-MAX_LOG_DISTANCE, this.#logDistance + change))
  }
}
