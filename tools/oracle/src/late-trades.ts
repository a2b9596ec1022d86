import type { RecordedTrade } from './recording.ts'

/** What comes of one symbol: a trade, or a heartbeat's promise that all trades before a time have come. */
export type Arrival = RecordedTrade | { readonly watermarkMs: number }

/** What came too late for the windows of one size. */
export interface LateTrades {
  /** In the order in which they came. */
  readonly trades: readonly RecordedTrade[]
  /** `late_trades` of the windows that have any, by their starts. */
  readonly byWindow: ReadonlyMap<number, number>
}

/**
 * The trades of one symbol that came after their windows of a size had closed. One that comes again is passed over.
 *
 * Time has passed up to the grace before the latest trade so far, or to a heartbeat. While trades wait for ids before them it stays at the last one
 * that waited for none, or the heartbeat; they wait until it would have passed the first of them, and then what they waited for is given up. A window
 * closes when time has passed its end. The trades that are late count in the next window that closes.
 */
export function lateTrades(
  arrivals: Iterable<Arrival>,
  { sizeMs, graceMs }: { readonly sizeMs: number; readonly graceMs: number },
): LateTrades {
  const late: RecordedTrade[] = []
  const byWindow = new Map<number, number>()
  const open = new Set<number>()
  const known = new Set<number>()
  const waiting: RecordedTrade[] = []
  let unreported = 0
  let next: number | undefined
  let [latestMs, promisedMs, inOrderMs, passedMs] = [-Infinity, -Infinity, -Infinity, -Infinity]

  function take(trade: RecordedTrade): void {
    const startMs = Math.floor(trade.timeMs / sizeMs) * sizeMs
    if (startMs + sizeMs > passedMs) {
      open.add(startMs)
      return
    }
    late.push(trade)
    unreported++
  }

  function pass(timeMs: number): void {
    passedMs = Math.max(passedMs, timeMs)
    const closing = [...open].filter((startMs) => startMs + sizeMs <= passedMs).sort((a, b) => a - b)
    for (const startMs of closing) {
      open.delete(startMs)
      if (unreported > 0) byWindow.set(startMs, unreported)
      unreported = 0
    }
  }

  function settle(): void {
    for (;;) {
      while (waiting[0] !== undefined && waiting[0].id === next) {
        const trade = waiting.shift() as RecordedTrade
        take(trade)
        inOrderMs = trade.timeMs
        next = trade.id + 1
      }
      const [first] = waiting
      const reachedMs = Math.max(latestMs - graceMs, promisedMs)
      if (first === undefined) return pass(reachedMs)
      pass(Math.min(reachedMs, first.timeMs, next === undefined ? Infinity : Math.max(inOrderMs, promisedMs)))
      if (first.timeMs >= reachedMs) return
      next = first.id
    }
  }

  for (const arrival of arrivals) {
    if ('watermarkMs' in arrival) promisedMs = Math.max(promisedMs, arrival.watermarkMs)
    else if (!known.has(arrival.id)) {
      known.add(arrival.id)
      latestMs = Math.max(latestMs, arrival.timeMs)
      if (next !== undefined && arrival.id < next) {
        settle()
        take(arrival)
        continue
      }
      const place = waiting.findLastIndex(({ id }) => id < arrival.id) + 1
      waiting.splice(place, 0, arrival)
    }
    settle()
  }
  return { trades: late, byWindow }
}
