import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { pricePaths, type PriceProcess } from './price-path.ts'
import { qualities, type Qualities } from './quality.ts'

export interface Scenario {
  readonly name: string
  readonly process: PriceProcess
}

/** Half a percent in a window: a calm hour of a large coin. */
const SIGMA = 0.005
const clean: PriceProcess = { sigma: SIGMA, trades: 2_000 }

/** The markets that the estimators are judged in, from what theory assumes to what a tape has. */
export const scenarios: readonly Scenario[] = [
  { name: 'Brownian motion', process: clean },
  { name: 'few trades (100)', process: { ...clean, trades: 100 } },
  { name: 'jumps', process: { ...clean, jump: { perWindow: 1, size: 1 } } },
  { name: 'ticks', process: { ...clean, tick: SIGMA / 10 } },
  { name: 'bid-ask bounce', process: { ...clean, halfSpread: SIGMA / 20 } },
]

/** Trades in a window, for how the estimators depend on them. */
export const tradeCounts: readonly number[] = [10, 30, 100, 300, 1_000, 3_000]

export interface Judged {
  readonly name: string
  readonly trades: number
  readonly qualities: Qualities
}

/** Judges the estimators in a market by so many simulated windows. The same seed gives the same figures. */
export function judge({ name, process }: Scenario, { windows, seed }: { windows: number; seed: number }): Judged {
  const generator = xoroshiro128plus(seed)
  const paths = pricePaths(process, () => uniformFloat64(generator))
  return { name, trades: process.trades, qualities: qualities(paths, windows) }
}

/** The clean market with each of `tradeCounts`. */
export function judgeByTrades(options: { windows: number; seed: number }): Judged[] {
  return tradeCounts.map((trades) => judge({ name: `${trades} trades`, process: { ...clean, trades } }, options))
}
