import { ExactSum } from '@tidemark/windowing'

const slotCount = 60
/** Half of them: as bits they fit into the 31 that bitwise operators keep above zero. */
const slotsPerMask = 30
const yearMs = 365 * 86_400_000

/**
 * Two masks of the slots that hold a price, the earlier half of the window first, then for each of these slots the distance of its
 * trade id from that of the slot before (from 0 for the first) and its price.
 */
export type PriceGridData = readonly number[]

/**
 * The prices of a window at 60 equal steps: a slot's price is that of the highest trade id in it (previous-tick sampling), carried
 * forward over empty slots; slots before the first trade have none.
 *
 * Source: Hansen and Lunde, "Realized Variance and Market Microstructure Noise" (2006). State: 120 doubles.
 */
export class PriceGrid {
  readonly #prices = new Float64Array(slotCount)
  /** Id of the trade whose price a slot holds; NaN where it holds none. */
  readonly #tradeIds = new Float64Array(slotCount).fill(NaN)

  static restore(data: PriceGridData): PriceGrid {
    const grid = new PriceGrid()
    let tradeId = 0
    let next = slotCount / slotsPerMask
    for (let slot = 0; slot < slotCount; slot++) {
      if (((data[Math.floor(slot / slotsPerMask)] as number) & maskOf(slot)) === 0) continue
      tradeId += data[next++] as number
      grid.#tradeIds[slot] = tradeId
      grid.#prices[slot] = data[next++] as number
    }
    return grid
  }

  /** `intoMs`: how long after the window's start the trade took place; below `sizeMs`. */
  add(intoMs: number, sizeMs: number, trade: { readonly trade_id: number; readonly price: number }): void {
    const slot = Math.floor((intoMs * slotCount) / sizeMs)
    if (trade.trade_id < (this.#tradeIds[slot] as number)) return
    this.#tradeIds[slot] = trade.trade_id
    this.#prices[slot] = trade.price
  }

  /** As JSON-safe data, most of which is the prices: 10 to 14 bytes for each slot that holds one. */
  snapshot(): PriceGridData {
    const data = new Array<number>(slotCount / slotsPerMask).fill(0)
    let idBefore = 0
    for (let slot = 0; slot < slotCount; slot++) {
      const tradeId = this.#tradeIds[slot] as number
      if (Number.isNaN(tradeId)) continue
      const half = Math.floor(slot / slotsPerMask)
      data[half] = (data[half] as number) | maskOf(slot)
      data.push(tradeId - idBefore, this.#prices[slot] as number)
      idBefore = tradeId
    }
    return data
  }

  /**
   * Sum of squared log returns r = ln(p_i / p_i-1) between consecutive grid prices; a pure number, not annualised.
   *
   * Source: Andersen, Bollerslev, Diebold, Labys, "Modeling and Forecasting Realized Volatility" (2003).
   */
  realizedVariance(): number {
    const sum = new ExactSum()
    let before = NaN
    for (let slot = 0; slot < slotCount; slot++) {
      if (Number.isNaN(this.#tradeIds[slot])) continue
      const price = this.#prices[slot] as number
      // An empty slot repeats the price before it: its return is zero and adds nothing.
      if (!Number.isNaN(before)) sum.add(Math.log(price / before) ** 2)
      before = price
    }
    return sum.value()
  }
}

function maskOf(slot: number): number {
  return 1 << (slot % slotsPerMask)
}

/** The volatility of a year of windows of this variance: its square root, scaled to 365 days, since the market never closes. */
export function annualisedVolatility(variance: number, windowMs: number): number {
  return Math.sqrt(variance * (yearMs / windowMs))
}
