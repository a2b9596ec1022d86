import { exact, exactSum, rounded } from './exact.ts'
import type { RecordedTrade } from './recording.ts'

const DAY_MS = 86_400_000
const BUCKETS = 50

/** A volume bucket that is full. */
export interface FullBucket {
  readonly atMs: number
  /** abs(buy - sell) / V */
  readonly imbalance: number
}

/** The volume buckets of a symbol's trades, which are sorted by id, in whole numbers without any rounding. */
export function volumeBuckets(trades: readonly RecordedTrade[], configured: number | undefined): FullBucket[] {
  const sizeOn = configured === undefined ? dailySizes(trades) : () => configured
  const full: FullBucket[] = []
  let size: number | undefined
  let bought = 0n
  let sold = 0n
  for (const { timeMs, quantity, isBuy } of trades) {
    let rest = exact(quantity)
    while (rest > 0n) {
      size ??= sizeOn(timeMs)
      if (size === undefined) break
      const room = exact(size) - bought - sold
      const part = rest < room ? rest : room
      if (isBuy) bought += part
      else sold += part
      rest -= part
      if (part < room) break
      full.push({ atMs: timeMs, imbalance: Math.abs(rounded(bought - sold)) / size })
      size = undefined
      bought = 0n
      sold = 0n
    }
  }
  return full
}

/** The mean of the last fifty that were full before a time; null while there are fewer. */
export function vpinBefore(endMs: number, full: readonly FullBucket[]): number | null {
  const count = full.findLastIndex(({ atMs }) => atMs < endMs) + 1
  if (count < BUCKETS) return null
  return exactSum(full.slice(count - BUCKETS, count).map(({ imbalance }) => imbalance)) / BUCKETS
}

/** 1/50 of the volume of the last whole day with trades before the day of a time; the first day of all is not whole. */
function dailySizes(trades: readonly RecordedTrade[]): (timeMs: number) => number | undefined {
  const days = [...Map.groupBy(trades, ({ timeMs }) => Math.floor(timeMs / DAY_MS))]
    .map(([day, ofDay]) => ({ day, size: exactSum(ofDay.map(({ quantity }) => quantity)) / BUCKETS }))
    .slice(1)
  return (timeMs) => days.findLast(({ day }) => day < Math.floor(timeMs / DAY_MS))?.size
}
