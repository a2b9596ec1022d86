const slotCount = 60
/** Half of them: as bits they fit into the 31 that bitwise operators keep above zero. */
const slotsPerMask = 30

/**
 * The start and the size of the window, two masks of the slots that hold a price, the earlier half first, then for each of these slots the
 * distance of its trade id from that of the slot before (from 0 for the first) and its price.
 */
export type PriceGridData = readonly number[]

/** The numbers before the slots. */
const headerCount = 4

/**
 * The prices of a window at 60 equal steps: a slot's price is that of the highest trade id in it (previous-tick sampling), carried
 * forward over empty slots; slots before the first trade have none. In the quote asset.
 *
 * Mergeable, also from windows whose slots lie within those of this one (1m from 10s, 1h from 15m).
 *
 * Source: Hansen and Lunde, "Realized Variance and Market Microstructure Noise" (2006). State: 122 doubles.
 */
export class PriceGrid {
  readonly sizeMs: number
  /** Start of the window; NaN before the first price. */
  #startMs = NaN
  readonly #prices = new Float64Array(slotCount)
  /** Id of the trade whose price a slot holds; NaN where it holds none. */
  readonly #tradeIds = new Float64Array(slotCount).fill(NaN)

  constructor(sizeMs: number) {
    this.sizeMs = sizeMs
  }

  static restore(data: PriceGridData): PriceGrid {
    const [startMs, sizeMs, ...masks] = data.slice(0, headerCount) as [number, number, number, number]
    const grid = new PriceGrid(sizeMs)
    let tradeId = 0
    let next = headerCount
    for (let slot = 0; slot < slotCount; slot++) {
      if (((masks[Math.floor(slot / slotsPerMask)] as number) & maskOf(slot)) === 0) continue
      grid.#startMs = startMs
      tradeId += data[next++] as number
      grid.#tradeIds[slot] = tradeId
      grid.#prices[slot] = data[next++] as number
    }
    return grid
  }

  /** A trade of the window: all of them lie within one `sizeMs` that is aligned to the epoch. */
  add(timeMs: number, tradeId: number, price: number): void {
    let intoMs = timeMs - this.#startMs
    if (!(intoMs >= 0)) {
      intoMs = timeMs % this.sizeMs
      this.#startMs = timeMs - intoMs
    }
    this.#set(Math.floor((intoMs * slotCount) / this.sizeMs), tradeId, price)
  }

  merge(other: PriceGrid): void {
    if (Number.isNaN(other.#startMs)) return
    if (Number.isNaN(this.#startMs)) this.#startMs = other.#startMs - (other.#startMs % this.sizeMs)
    // In sixtieths of a millisecond, where the edges of slots are whole numbers.
    const fromHere = (other.#startMs - this.#startMs) * slotCount
    for (let slot = 0; slot < slotCount; slot++) {
      const tradeId = other.#tradeIds[slot] as number
      if (Number.isNaN(tradeId)) continue
      this.#set(Math.floor((fromHere + slot * other.sizeMs) / this.sizeMs), tradeId, other.#prices[slot] as number)
    }
  }

  /** One price per slot from the first trade's on: at most 60. */
  prices(): number[] {
    const prices: number[] = []
    for (let slot = 0; slot < slotCount; slot++) {
      if (!Number.isNaN(this.#tradeIds[slot])) prices.push(this.#prices[slot] as number)
      else if (prices.length > 0) prices.push(prices.at(-1) as number)
    }
    return prices
  }

  /** As JSON-safe data, most of which is the prices: 10 to 14 bytes for each slot that holds one. */
  snapshot(): PriceGridData {
    const data = [this.#startMs, this.sizeMs, 0, 0]
    if (Number.isNaN(this.#startMs)) data[0] = 0 // which JSON would not keep
    let idBefore = 0
    for (let slot = 0; slot < slotCount; slot++) {
      const tradeId = this.#tradeIds[slot] as number
      if (Number.isNaN(tradeId)) continue
      const half = headerCount - slotCount / slotsPerMask + Math.floor(slot / slotsPerMask)
      data[half] = (data[half] as number) | maskOf(slot)
      data.push(tradeId - idBefore, this.#prices[slot] as number)
      idBefore = tradeId
    }
    return data
  }

  #set(slot: number, tradeId: number, price: number): void {
    if (tradeId < (this.#tradeIds[slot] as number)) return
    this.#tradeIds[slot] = tradeId
    this.#prices[slot] = price
  }
}

function maskOf(slot: number): number {
  return 1 << (slot % slotsPerMask)
}
