import { Candle, type CandleData } from './candle.ts'
import { IdCoverage, type IdCoverageData } from './id-coverage.ts'
import { PriceGrid, type PriceGridData } from './price-grid.ts'
import { checkedVersion } from './snapshot-version.ts'
import { Volumes, type VolumesData } from './volumes.ts'
import { WhaleTotals, type WhaleTotalsData } from './whale-totals.ts'

/** What is kept of one symbol's open window. */
export interface MarketWindow {
  readonly candle: Candle
  readonly volumes: Volumes
  readonly grid: PriceGrid
  readonly ids: IdCoverage
  readonly whales: WhaleTotals
  /** As of the trade in sequence with the highest id, `vpinId`. */
  vpin: number | null
  vpinId: number
}

/** Raised with every change to the data of a window, or of one of its parts, that older code would misread. */
/** Of the data that `snapshotOf` gives. */
export const snapshotVersion = 2

type MarketWindowData = readonly [
  version: typeof snapshotVersion,
  candle: CandleData | null,
  volumes: VolumesData,
  grid: PriceGridData,
  ids: IdCoverageData,
  whales: WhaleTotalsData,
  vpin: readonly [id: number, vpin: number | null] | null,
]

export function emptyMarketWindow(sizeMs: number): MarketWindow {
  return {
    candle: new Candle(),
    volumes: new Volumes(),
    grid: new PriceGrid(sizeMs),
    ids: new IdCoverage(),
    whales: new WhaleTotals(),
    vpin: null,
    vpinId: -Infinity,
  }
}

/** Takes the other window in: one of the same size or, where its grid lies within this one's, a smaller one. */
export function mergeWindows(into: MarketWindow, other: MarketWindow): MarketWindow {
  into.candle.merge(other.candle)
  into.volumes.merge(other.volumes)
  into.grid.merge(other.grid)
  into.ids.merge(other.ids)
  into.whales.merge(other.whales)
  if (other.vpinId > into.vpinId) {
    into.vpinId = other.vpinId
    into.vpin = other.vpin
  }
  return into
}

/** The window as JSON-safe data. Equal windows give equal data, whether or not they were restored in between. */
export function snapshotOf({ candle, volumes, grid, ids, whales, vpin, vpinId }: MarketWindow): unknown {
  return [
    snapshotVersion,
    candle.snapshot(),
    volumes.snapshot(),
    grid.snapshot(),
    ids.snapshot(),
    whales.snapshot(),
    vpinId === -Infinity ? null : [vpinId, vpin],
  ] satisfies MarketWindowData
}

/** The window that a snapshot was taken of. Throws a `SnapshotVersionError` for data of another version. */
export function restoredFrom(data: unknown): MarketWindow {
  const [, candle, volumes, grid, ids, whales, vpin] = checkedVersion<MarketWindowData>(data, snapshotVersion)
  return {
    candle: Candle.restore(candle),
    volumes: Volumes.restore(volumes),
    grid: PriceGrid.restore(grid),
    ids: IdCoverage.restore(ids),
    whales: WhaleTotals.restore(whales),
    vpin: vpin?.[1] ?? null,
    vpinId: vpin?.[0] ?? -Infinity,
  }
}
