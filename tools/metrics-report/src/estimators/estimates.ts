import { annualisedVolatility, marketMetrics, SymbolFlow } from '@tidemark/market'
import type { Path, PathPoint } from './price-path.ts'

/** The estimators of a window's variance that are judged, in the order of the tables. */
export const estimators = [
  'close_to_close',
  'realized_variance',
  'bipower_variation',
  'parkinson',
  'garman_klass',
] as const
export type Estimator = (typeof estimators)[number]
export type Estimates = Readonly<Record<Estimator, number>>

const WINDOW = { label: '1h', sizeMs: 3_600_000 }
const metrics = marketMetrics(WINDOW.label)

/** Variances that the market metrics give for one window after another, as they are computed on a real tape. */
export class VarianceEstimates {
  readonly #flow = new SymbolFlow('SIMUSDT', { whaleFloor: () => undefined, vpinBucket: () => undefined })
  #windows = 0
  #nextId = 0

  /** Undefined for a window without two trades, which says nothing of a variance. */
  of({ points }: Path): Estimates | undefined {
    const startMs = this.#windows++ * WINDOW.sizeMs
    if (points.length < 2) return undefined
    const state = metrics.init()
    for (const point of points) metrics.add(state, this.#flow.add(this.#trade(point, startMs), startMs))
    const window = { startMs, endMs: startMs + WINDOW.sizeMs }
    const result = metrics.result(state, { key: 'SIMUSDT', window, lateCount: 0, nowMs: 0 })
    return {
      close_to_close: Math.log(result.close / result.open) ** 2,
      realized_variance: result.realized_variance,
      bipower_variation: known(result.bipower_variation),
      parkinson: varianceOf(known(result.parkinson_volatility)),
      garman_klass: varianceOf(known(result.garman_klass_volatility)),
    }
  }

  #trade({ time, price }: PathPoint, startMs: number) {
    const trade_time_ms = startMs + Math.floor(time * WINDOW.sizeMs)
    return { trade_id: this.#nextId++, trade_time_ms, price, quantity: 1, is_buyer_maker: false }
  }
}

/** Undoes the annualisation. */
function varianceOf(volatility: number): number {
  return (volatility / annualisedVolatility(1, WINDOW.sizeMs)) ** 2
}

function known(value: number | null): number {
  if (value === null) throw new RangeError('a window with trades has every estimate')
  return value
}
