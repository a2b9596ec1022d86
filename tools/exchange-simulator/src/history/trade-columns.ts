import type { HistoryTrade } from './candle.ts'

const FIRST_CAPACITY = 256

/** The newest trades of a symbol in columns of numbers: some forty bytes a trade, and no object of its own. */
export class TradeColumns {
  readonly #maxTrades: number
  #capacity: number
  #ids: Float64Array
  #aggregateIds: Float64Array
  #times: Float64Array
  #prices: BigInt64Array
  #quantities: BigInt64Array
  #makers: Uint8Array
  #start = 0
  #length = 0

  constructor(maxTrades: number) {
    this.#maxTrades = maxTrades
    const capacity = Math.min(FIRST_CAPACITY, maxTrades)
    this.#capacity = capacity
    this.#ids = new Float64Array(capacity)
    this.#aggregateIds = new Float64Array(capacity)
    this.#times = new Float64Array(capacity)
    this.#prices = new BigInt64Array(capacity)
    this.#quantities = new BigInt64Array(capacity)
    this.#makers = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** The trade at a place counted from the oldest kept. */
  at(index: number): HistoryTrade | undefined {
    if (index < 0 || index >= this.#length) return undefined
    const slot = (this.#start + index) % this.#capacity
    return {
      id: this.#ids[slot] as number,
      aggregateId: this.#aggregateIds[slot] as number,
      price: this.#prices[slot] as bigint,
      quantity: this.#quantities[slot] as bigint,
      timeMs: this.#times[slot] as number,
      isBuyerMaker: this.#makers[slot] === 1,
    }
  }

  /** Puts a trade before the one at `index`; at the end where it is `length`. The oldest makes room when all is full. */
  insert(index: number, trade: HistoryTrade): void {
    if (this.#length === this.#capacity) {
      if (this.#capacity < this.#maxTrades) this.#grow()
      else {
        if (index === 0) return
        this.#start = (this.#start + 1) % this.#capacity
        this.#length -= 1
        index -= 1
      }
    }
    for (let place = this.#length; place > index; place -= 1) this.#write(place, this.at(place - 1) as HistoryTrade)
    this.#write(index, trade)
    this.#length += 1
  }

  /** First place whose id is at least this; `length` where there is none. */
  placeOfId(id: number): number {
    return this.#firstPlace(this.#ids, id)
  }

  /** First place whose aggregate id is at least this. */
  placeOfAggregateId(id: number): number {
    return this.#firstPlace(this.#aggregateIds, id)
  }

  /** First place whose time is at least this. */
  placeOfTime(timeMs: number): number {
    return this.#firstPlace(this.#times, timeMs)
  }

  #firstPlace(column: Float64Array, least: number): number {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((column[(this.#start + middle) % this.#capacity] as number) < least) low = middle + 1
      else high = middle
    }
    return low
  }

  #write(place: number, trade: HistoryTrade): void {
    const slot = (this.#start + place) % this.#capacity
    this.#ids[slot] = trade.id
    this.#aggregateIds[slot] = trade.aggregateId
    this.#times[slot] = trade.timeMs
    this.#prices[slot] = trade.price
    this.#quantities[slot] = trade.quantity
    this.#makers[slot] = trade.isBuyerMaker ? 1 : 0
  }

  /** Only called when all is full and has not wrapped, so the columns are in order. */
  #grow(): void {
    this.#capacity = Math.min(this.#maxTrades, this.#capacity * 2)
    this.#ids = copyOf(this.#ids, new Float64Array(this.#capacity))
    this.#aggregateIds = copyOf(this.#aggregateIds, new Float64Array(this.#capacity))
    this.#times = copyOf(this.#times, new Float64Array(this.#capacity))
    this.#prices = copyOf(this.#prices, new BigInt64Array(this.#capacity))
    this.#quantities = copyOf(this.#quantities, new BigInt64Array(this.#capacity))
    this.#makers = copyOf(this.#makers, new Uint8Array(this.#capacity))
  }
}

function copyOf<Column extends { set(from: Column): void }>(from: Column, to: Column): Column {
  to.set(from)
  return to
}
