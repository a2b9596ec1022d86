import type { Trade } from '@tidemark/schemas'
import { seededRandom } from '../seeded-random.ts'

/** A record of the trades' topic. */
export type MarketEntry =
  | { readonly kind: 'trade'; readonly symbol: string; readonly trade: Trade }
  | { readonly kind: 'heartbeat'; readonly symbol: string; readonly watermarkMs: number }

export interface MarketOptions {
  readonly symbols: readonly string[]
  /** About so many of each symbol. */
  readonly tradesOfEach: number
  /** Event time of it all. */
  readonly durationMs: number
  /** Of the aggregator: no trade comes later than that, but for those that are to be late. */
  readonly graceMs: number
  readonly seed: number
}

/** The same trades and heartbeats, as they happened and as they may arrive. */
export interface MarketLogs {
  readonly ordered: readonly MarketEntry[]
  /** Each trade less than the grace later than in order; no heartbeat is contradicted by that. */
  readonly shuffled: readonly MarketEntry[]
}

interface Placed {
  readonly entry: MarketEntry
  /** Between which barriers: what stands before a barrier stands there in both logs. */
  readonly segment: number
  /** Trades that are late behind the barrier before, then what is of the segment, then its barrier. */
  readonly rank: 0 | 1 | 2
  readonly orderedAt: number
  readonly shuffledAt: number
}

const START_MS = Date.parse('2024-08-08T20:00:00Z')
const HEARTBEAT_MS = 5_000
/** Each so often all of the past is there, and known to be; trades that come behind such a moment are late in any order of arrival. */
const BARRIER_MS = 600_000
/** By how much, at least and at most. */
const LATE_BY_MS = { min: 15_000, max: 400_000 }
const LATE_SHARE = 0.0005
const HOLE_SHARE = 0.0005
const MEAN_FILLS = 4.5
/** One order in so many is a hundred times as large, and one in so many moves the price a hundred times as far. */
const RARE = 2_000

/** Builds both logs. The same seed gives the same logs. */
export function marketLogs(options: MarketOptions): MarketLogs {
  const random = seededRandom(options.seed)
  const placed = options.symbols.flatMap((symbol, index) => [
    ...placedTrades(symbol, options, { random, firstPrice: 60_000 / 2 ** index }),
    ...placedHeartbeats(symbol, options),
  ])
  const by = (place: (one: Placed) => number) =>
    placed.toSorted((a, b) => a.segment - b.segment || a.rank - b.rank || place(a) - place(b)).map(({ entry }) => entry)
  return { ordered: by(({ orderedAt }) => orderedAt), shuffled: by(({ shuffledAt }) => shuffledAt) }
}

function segmentOf(timeMs: number): number {
  return Math.floor((timeMs - START_MS) / BARRIER_MS)
}

function* placedTrades(
  symbol: string,
  { tradesOfEach, durationMs, graceMs }: MarketOptions,
  { random, firstPrice }: { readonly random: () => number; readonly firstPrice: number },
): Generator<Placed> {
  const exponential = () => -Math.log(1 - random())
  const isRare = () => random() < 1 / RARE
  let [id, price] = [1_000_000, firstPrice]
  for (let time = 0; ;) {
    time += (exponential() * durationMs * MEAN_FILLS) / tradesOfEach
    if (time >= durationMs) return
    const timeMs = START_MS + Math.floor(time)
    const is_buyer_maker = random() < 0.5
    const size = ((isRare() ? 100 : 1) * 5_000) / firstPrice
    if (isRare()) price *= 1 + (random() - 0.5) / 50
    for (let fill = Math.floor(random() * 8); fill >= 0; fill--) {
      if (random() < HOLE_SHARE) id++
      price *= 1 + (random() - 0.5) / 5_000
      const fields = { trade_id: id++, trade_time_ms: timeMs, price, quantity: exponential() * size + 1e-6 }
      const entry = { kind: 'trade', symbol, trade: tradeOf({ symbol, is_buyer_maker, ...fields }) } as const
      const arrivesMs = timeMs + Math.floor(random() * graceMs)
      const segment = segmentOf(timeMs)
      const lateByMs = START_MS + (segment + 1) * BARRIER_MS - timeMs
      const isLate = lateByMs >= LATE_BY_MS.min && lateByMs <= LATE_BY_MS.max && random() < LATE_SHARE
      yield isLate
        ? { entry, segment: segment + 1, rank: 0, orderedAt: id, shuffledAt: id }
        : { entry, segment, rank: 1, orderedAt: timeMs, shuffledAt: arrivesMs }
    }
  }
}

/** The last one is behind all windows. */
function* placedHeartbeats(symbol: string, { durationMs, graceMs }: MarketOptions): Generator<Placed> {
  for (let sinceMs = HEARTBEAT_MS; sinceMs <= durationMs; sinceMs += HEARTBEAT_MS) {
    const watermarkMs = START_MS + sinceMs
    yield {
      entry: { kind: 'heartbeat', symbol, watermarkMs },
      segment: segmentOf(watermarkMs - 1),
      rank: sinceMs % BARRIER_MS === 0 ? 2 : 1,
      // Behind all trades that are earlier, before those of its own millisecond.
      orderedAt: watermarkMs - 0.5,
      shuffledAt: watermarkMs + graceMs,
    }
  }
  const watermarkMs = START_MS + durationMs + 7_200_000
  const segment = segmentOf(watermarkMs)
  yield { entry: { kind: 'heartbeat', symbol, watermarkMs }, segment, rank: 2, orderedAt: 0, shuffledAt: 0 }
}

function tradeOf(
  fields: Pick<Trade, 'symbol' | 'trade_id' | 'trade_time_ms' | 'price' | 'quantity' | 'is_buyer_maker'>,
): Trade {
  const { trade_time_ms: timeMs } = fields
  return { event_type: 'trade', event_time_ms: timeMs + 1, ingestion_time_ms: timeMs + 2, latency_ms: 1, ...fields }
}
