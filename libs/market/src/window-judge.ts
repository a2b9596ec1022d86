import type { MarketAnomaly, MarketMetrics } from '@tidemark/schemas'
import { windowAnomaly } from './market-anomaly.ts'
import { checkedVersion } from './snapshot-version.ts'
import { WeightedBaseline, type WeightedBaselineData } from './weighted-baseline.ts'

/** A window that was compared with those before it. */
export interface JudgedWindow {
  readonly metrics: MarketMetrics
  readonly anomalies: readonly MarketAnomaly[]
}

const snapshotVersion = 1
type WindowJudgeData = readonly [
  version: typeof snapshotVersion,
  volume: WeightedBaselineData,
  price: WeightedBaselineData,
  flow: WeightedBaselineData,
  unreported: number,
]

/**
 * Compares each window of one symbol and size with those before it.
 *
 * - `volume_zscore` and the anomaly `volume_spike`: ln(1 + quote_volume), from 3 standard deviations above its baseline on.
 * - `price_jump`: ln(close / open), from 4 on, up or down.
 * - `flow_imbalance`: order_flow_imbalance, from 3 on, bought or sold. Where a few trades make most windows one-sided the baseline varies as much, and
 *   nothing is flagged.
 *
 * Windows without trades are none, partial windows count. State: ten numbers, for each symbol and size.
 */
export class WindowJudge {
  readonly #volume = new WeightedBaseline({ threshold: 3, twoSided: false })
  readonly #price = new WeightedBaseline({ threshold: 4, twoSided: true })
  readonly #flow = new WeightedBaseline({ threshold: 3, twoSided: true })
  /** Late trades of windows that were none. */
  #unreported = 0

  /** Throws a `SnapshotVersionError` for data of another version. */
  static restore(data: unknown): WindowJudge {
    const [, volume, price, flow, unreported] = checkedVersion<WindowJudgeData>(data, snapshotVersion)
    const judge = new WindowJudge()
    judge.#volume.restore(volume)
    judge.#price.restore(price)
    judge.#flow.restore(flow)
    judge.#unreported = unreported
    return judge
  }

  /** The next window, in order of time; undefined for one without trades, which is none. */
  judge(metrics: MarketMetrics): JudgedWindow | undefined {
    if (metrics.trade_count === 0) {
      this.#unreported += metrics.late_trades
      return undefined
    }
    const volume = this.#volume.judge(Math.log1p(metrics.quote_volume))
    const price = this.#price.judge(Math.log(metrics.close / metrics.open))
    const flow = this.#flow.judge(metrics.order_flow_imbalance)
    const late_trades = metrics.late_trades + this.#unreported
    this.#unreported = 0
    const judged = { ...metrics, late_trades, volume_zscore: volume.score, is_volume_spike: volume.flagged }
    const anomalies: MarketAnomaly[] = []
    if (volume.flagged) anomalies.push(windowAnomaly('volume_spike', metrics, volume))
    if (price.flagged) anomalies.push(windowAnomaly('price_jump', metrics, price))
    if (flow.flagged) anomalies.push(windowAnomaly('flow_imbalance', metrics, flow))
    return { metrics: judged, anomalies }
  }

  /** As JSON-safe data, with a version. */
  snapshot(): WindowJudgeData {
    return [snapshotVersion, this.#volume.snapshot(), this.#price.snapshot(), this.#flow.snapshot(), this.#unreported]
  }
}
