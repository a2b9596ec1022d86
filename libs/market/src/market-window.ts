import { Candle, type CandleData } from './candle.ts'
import { PriceGrid, type PriceGridData } from './price-grid.ts'
import { TakerOrders, type TakerOrdersData } from './taker-orders.ts'
import { Volumes, type VolumesData } from './volumes.ts'
import { WhaleTotals, type WhaleTotalsData } from './whale-totals.ts'

/** What is kept of one symbol's open window. */
export interface MarketWindow {
  readonly candle: Candle
  readonly volumes: Volumes
  readonly grid: PriceGrid
  /** From the first trade on, which names the symbol. */
  flow: OrderFlow | undefined
}

/** The orders that can still grow, and the whales among those that can't: each order goes from the one to the other. */
export interface OrderFlow {
  readonly orders: TakerOrders
  readonly whales: WhaleTotals
}

/** Raised with every change to the data of a window, or of one of its parts, that older code would misread. */
const snapshotVersion = 1

/** The version comes first, so that it can be found whatever else changes. */
type MarketWindowData = readonly [
  version: typeof snapshotVersion,
  candle: CandleData | null,
  volumes: VolumesData,
  grid: PriceGridData,
  flow: readonly [TakerOrdersData, WhaleTotalsData] | null,
]

/** A window's snapshot was written by code that keeps it in another way. */
export class SnapshotVersionError extends Error {
  override readonly name = 'SnapshotVersionError'
}

export function emptyMarketWindow(): MarketWindow {
  return { candle: new Candle(), volumes: new Volumes(), grid: new PriceGrid(), flow: undefined }
}

/** An order flow whose completed orders are judged as whales. */
export function orderFlow(whales: WhaleTotals, maxHoles: number, kept: TakerOrdersData = []): OrderFlow {
  const orders = TakerOrders.restore(kept, { maxHoles, completed: (order) => whales.add(order) })
  return { orders, whales }
}

/**
 * The window as JSON-safe data. Equal windows whose trades arrived in the same order give equal data, whether or not they were
 * restored in between.
 */
export function snapshotOf({ candle, volumes, grid, flow }: MarketWindow): unknown {
  return [
    snapshotVersion,
    candle.snapshot(),
    volumes.snapshot(),
    grid.snapshot(),
    flow === undefined ? null : [flow.orders.snapshot(), flow.whales.snapshot()],
  ] satisfies MarketWindowData
}

/** The window that a snapshot was taken of. Throws a `SnapshotVersionError` for data of another version. */
export function restoredFrom(data: unknown, maxHoles: number): MarketWindow {
  const version: unknown = Array.isArray(data) ? data[0] : undefined
  if (version !== snapshotVersion) {
    throw new SnapshotVersionError(
      `market window: its snapshot has ${typeof version === 'number' ? `version ${version}` : 'no version'}, ` +
        `this release reads version ${snapshotVersion}: ` +
        'was it written by another release? Run that one until its windows have closed, or reset the application',
    )
  }
  const [, candle, volumes, grid, flow] = data as MarketWindowData
  return {
    candle: Candle.restore(candle),
    volumes: Volumes.restore(volumes),
    grid: PriceGrid.restore(grid),
    flow: flow === null ? undefined : orderFlow(WhaleTotals.restore(flow[1]), maxHoles, flow[0]),
  }
}
