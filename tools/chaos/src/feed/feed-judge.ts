import type { TradeGap } from '@tidemark/schemas'

/** A record of the trades' topic, in the order of its partition. */
export type FeedRecord =
  | { readonly kind: 'trade'; readonly symbol: string; readonly id: number; readonly timeMs: number }
  | { readonly kind: 'heartbeat'; readonly symbol: string; readonly watermarkMs: number }

/** The ids that a symbol's source has published, as runs of consecutive ones. */
export type IdRuns = readonly (readonly [first: number, last: number])[]

export interface FeedVerdict {
  /**
   * Ids of the source that are neither in the topic nor in a gap that is not filled. Counted from each symbol's first id here: all of them
   * where there is none.
   */
  readonly lost: number
  /** Ids that are in the topic more than once, or both there and in a gap that is not filled. */
  readonly doubled: number
  /** Trades behind a higher id of their symbol. */
  readonly reordered: number
  /** Trades that the source never made. */
  readonly foreign: number
  /** Trades from before a heartbeat that stands before them. */
  readonly contradicted: number
  /** As `contradicted`, but of those that the exchange left out of its connections, and once in a gap: the only ones that may be. */
  readonly excused: number
  /** Gaps that nothing became of. */
  readonly openGaps: number
  readonly trades: number
  readonly heartbeats: number
  /** Ids in gaps that were filled, that the exchange has not, and that were given up. */
  readonly filled: number
  readonly unfillable: number
  readonly givenUp: number
}

/** True where nothing is wrong: something came, and what came is what was made, each id once, in order, or said to be missing. */
export function isSound({ trades, lost, doubled, reordered, foreign, contradicted, openGaps }: FeedVerdict): boolean {
  return trades > 0 && lost + doubled + reordered + foreign + contradicted + openGaps === 0
}

/** The exchange leaves so many trades of its market out of connections that live on, from a time on. */
export interface LeftOut {
  readonly fromMs: number
  readonly count: number
}

export interface FeedEvidence {
  readonly truth: ReadonlyMap<string, IdRuns>
  readonly records: readonly FeedRecord[]
  /** All gap records, in their order. */
  readonly gaps: readonly TradeGap[]
  /** None where the exchange sends all that it has over each connection while it lasts. */
  readonly leftOut: readonly LeftOut[]
}

/** Judges what came out of a feed against what its source made. */
export function judgeFeed({ truth, records, gaps, leftOut }: FeedEvidence): FeedVerdict {
  const lastOfGap = new Map(gaps.map((gap) => [gap.gap_id, gap]))
  const mayBeLate = mayBeLeftOut(records, leftOut)
  const count = { lost: 0, doubled: 0, reordered: 0, foreign: 0, contradicted: 0, excused: 0, trades: 0, heartbeats: 0 }
  for (const [symbol, runs] of truth) {
    const own = [...lastOfGap.values()].filter((gap) => gap.symbol === symbol)
    const everInGap = gaps.filter((gap) => gap.symbol === symbol)
    const ofSymbol = records.filter((record) => record.symbol === symbol)
    const times = new Map<number, number>()
    let highest = -1
    let watermarkMs = -Infinity
    for (const record of ofSymbol) {
      if (record.kind === 'heartbeat') {
        count.heartbeats++
        watermarkMs = Math.max(watermarkMs, record.watermarkMs)
        continue
      }
      count.trades++
      if (record.id <= highest) count.reordered++
      highest = Math.max(highest, record.id)
      times.set(record.id, (times.get(record.id) ?? 0) + 1)
      if (!isIn(runs, record.id)) count.foreign++
      if (record.timeMs >= watermarkMs) continue
      const isExcused = mayBeLate(record.timeMs) && everInGap.some((gap) => covers(gap, record.id))
      count[isExcused ? 'excused' : 'contradicted']++
    }
    const missing = own.filter(({ status }) => status !== 'filled')
    const firstId = Math.min(...times.keys(), ...own.map(({ from_trade_id }) => from_trade_id))
    for (const id of idsFrom(runs, firstId === Infinity ? 0 : firstId)) {
      const found = (times.get(id) ?? 0) + missing.filter((gap) => covers(gap, id)).length
      if (found === 0) count.lost++
      if (found > 1) count.doubled++
    }
  }
  const ids = (status: string) =>
    [...lastOfGap.values()]
      .filter((gap) => gap.status === status)
      .reduce((sum, { from_trade_id, to_trade_id }) => sum + to_trade_id - from_trade_id + 1, 0)
  return {
    ...count,
    openGaps: [...lastOfGap.values()].filter(({ status }) => status === 'open').length,
    filled: ids('filled'),
    unfillable: ids('unfillable'),
    givenUp: ids('given_up'),
  }
}

/** Whether a trade of a time may be one of those that were left out: of all symbols, the next so many. */
function mayBeLeftOut(records: readonly FeedRecord[], leftOut: readonly LeftOut[]): (timeMs: number) => boolean {
  const times = records.flatMap((record) => (record.kind === 'trade' ? [record.timeMs] : [])).sort((a, b) => a - b)
  const spans = leftOut.map(({ fromMs, count }) => {
    const first = times.findIndex((timeMs) => timeMs >= fromMs)
    return { fromMs, toMs: first < 0 ? -Infinity : (times[first + count - 1] ?? Infinity) }
  })
  return (timeMs) => spans.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs)
}

function isIn(runs: IdRuns, id: number): boolean {
  return runs.some(([first, last]) => first <= id && id <= last)
}

function* idsFrom(runs: IdRuns, firstId: number): Generator<number> {
  for (const [first, last] of runs) for (let id = Math.max(first, firstId); id <= last; id++) yield id
}

function covers({ from_trade_id, to_trade_id }: TradeGap, id: number): boolean {
  return from_trade_id <= id && id <= to_trade_id
}
