import type { MarketAnomaly, Trade, WhaleOrder } from '@tidemark/schemas'
import type { MissingIds } from './id-coverage.ts'
import { dataGap } from './market-anomaly.ts'
import { checkedVersion } from './snapshot-version.ts'
import type { Fill } from './taker-order.ts'
import { VolumeBuckets, type VolumeBucketsData } from './volume-buckets.ts'
import { WhaleOrders, type WhaleOrdersData, type WhaleShare } from './whale-orders.ts'

/** A trade on its way to the windows of its symbol. */
export interface FlowTrade extends Fill {
  readonly kind: 'trade'
  /** Id of the symbol's trade before it, where it came in sequence; null for the first ever. */
  readonly previousId: number | null
  /** It came after it was given up: no whale, no bucket has it. */
  readonly isLate: boolean
  /** What it adds to the whales of its windows; undefined: nothing. */
  readonly whale: WhaleShare | undefined
  /** As of this trade. */
  readonly vpin: number | null
}

/** A hole behind the trades so far. */
export interface FlowHole {
  readonly kind: 'hole'
  readonly missing: MissingIds
}

export type FlowItem = FlowTrade | FlowHole

/** A hole in a symbol's ids, as it is told. */
export interface FlowGap {
  readonly hole: FlowHole
  /** Time of the last trade before it. */
  readonly fromMs: number
  readonly anomaly: MarketAnomaly
}

export interface SymbolFlowOptions {
  /** From which quote quantity on a taker order of a symbol is a whale's; undefined: whales of it are not judged. */
  readonly whaleFloor: (symbol: string) => number | undefined
  /** Off unless given. */
  readonly whaleQuantile?: number | undefined
  /** Base volume of a symbol's VPIN buckets; undefined: 1/50 of the last whole day's. */
  readonly vpinBucket: (symbol: string) => number | undefined
}

const snapshotVersion = 1
type SymbolFlowData = readonly [
  version: typeof snapshotVersion,
  symbol: string,
  lastId: number | null,
  lastMs: number,
  whales: WhaleOrdersData,
  buckets: VolumeBucketsData,
]

class MutableFlowTrade implements FlowTrade {
  readonly kind = 'trade'
  trade_id = 0
  trade_time_ms = 0
  price = 0
  quantity = 0
  quote = 0
  isBuy = false
  previousId: number | null = null
  isLate = false
  whale: WhaleShare | undefined = undefined
  vpin: number | null = null
}

/**
 * What one symbol's trades tell beyond single windows: holes in the ids, whale orders, VPIN.
 *
 * Takes trades in sequence; one with an id that was passed over is late. State: an order, the whales of the last moments and the volume
 * buckets: about 1 kB; as data for a changelog about as much. With a whale quantile up to 2,420 numbers more.
 */
export class SymbolFlow {
  readonly #symbol: string
  readonly #whales: WhaleOrders
  readonly #buckets: VolumeBuckets
  /** Handed out for each trade anew: valid until the next one. */
  readonly #trade = new MutableFlowTrade()
  #lastId: number | undefined
  #lastMs = 0

  constructor(symbol: string, { whaleFloor, whaleQuantile, vpinBucket }: SymbolFlowOptions) {
    this.#symbol = symbol
    this.#whales = new WhaleOrders(symbol, { floor: whaleFloor(symbol), quantile: whaleQuantile })
    this.#buckets = new VolumeBuckets(vpinBucket(symbol))
  }

  /** Throws a `SnapshotVersionError` for data of another version. What the settings say now holds for what is new. */
  static restore(data: unknown, options: SymbolFlowOptions): SymbolFlow {
    const [, symbol, lastId, lastMs, whales, buckets] = checkedVersion<SymbolFlowData>(data, snapshotVersion)
    const flow = new SymbolFlow(symbol, options)
    flow.#lastId = lastId ?? undefined
    flow.#lastMs = lastMs
    flow.#whales.restore(whales)
    flow.#buckets.restore(buckets)
    return flow
  }

  /** The hole between the trades so far and this one, where there is one. To be asked before the trade is added. */
  gapBefore({ trade_id, trade_time_ms }: Pick<Trade, 'trade_id' | 'trade_time_ms'>): FlowGap | undefined {
    if (this.#lastId === undefined || trade_id <= this.#lastId + 1) return undefined
    const missing = { first: this.#lastId + 1, last: trade_id - 1 }
    const fromMs = this.#lastMs
    const anomaly = dataGap(this.#symbol, missing, { fromMs, toMs: trade_time_ms })
    return { hole: { kind: 'hole', missing }, fromMs, anomaly }
  }

  /** Takes a trade in. The answer is valid until the next one. A fill behind the watermark comes too late for whales. */
  add(
    trade: Pick<Trade, 'trade_id' | 'trade_time_ms' | 'price' | 'quantity' | 'is_buyer_maker'>,
    watermarkMs: number,
  ): FlowTrade {
    const flow = this.#trade
    flow.trade_id = trade.trade_id
    flow.trade_time_ms = trade.trade_time_ms
    flow.price = trade.price
    flow.quantity = trade.quantity
    flow.quote = trade.price * trade.quantity
    flow.isBuy = !trade.is_buyer_maker
    flow.isLate = this.#lastId !== undefined && trade.trade_id <= this.#lastId
    if (flow.isLate) {
      flow.previousId = null
      flow.whale = undefined
      return flow
    }
    flow.previousId = this.#lastId ?? null
    this.#lastId = trade.trade_id
    this.#lastMs = trade.trade_time_ms
    flow.whale = trade.trade_time_ms < watermarkMs ? undefined : this.#whales.add(flow)
    this.#buckets.add(flow)
    flow.vpin = this.#buckets.vpin
    return flow
  }

  /** From which watermark on `takeWhales` has something to tell; undefined: there is nothing. */
  get whaleDueMs(): number | undefined {
    return this.#whales.dueMs
  }

  /** The whale orders whose time the watermark has passed, each once, in order of their first ids. */
  takeWhales(watermarkMs: number): WhaleOrder[] {
    return this.#whales.take(watermarkMs)
  }

  /** As JSON-safe data, with a version. */
  snapshot(): SymbolFlowData {
    return [
      snapshotVersion,
      this.#symbol,
      this.#lastId ?? null,
      this.#lastMs,
      this.#whales.snapshot(),
      this.#buckets.snapshot(),
    ]
  }
}
