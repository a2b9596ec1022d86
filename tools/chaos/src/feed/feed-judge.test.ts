import type { TradeGap } from '@tidemark/schemas'
import { describe, expect, it } from 'vitest'
import { isSound, judgeFeed, type FeedRecord, type IdRuns, type LeftOut } from './feed-judge.ts'

const trade = (id: number, timeMs = id): FeedRecord => ({ kind: 'trade', symbol: 'A', id, timeMs })
const heartbeat = (watermarkMs: number): FeedRecord => ({ kind: 'heartbeat', symbol: 'A', watermarkMs })
const gap = (from: number, to: number, status: string): TradeGap => ({
  gap_id: `A:${from}`,
  symbol: 'A',
  from_trade_id: from,
  to_trade_id: to,
  cause: 'skip',
  status,
  detected_at_ms: 0,
  resolved_at_ms: null,
  reason: null,
})
const truth = new Map<string, IdRuns>([['A', [[1, 5]]]])
const judge = (records: readonly FeedRecord[], gaps: readonly TradeGap[] = [], leftOut: readonly LeftOut[] = []) =>
  judgeFeed({ truth, records, gaps, leftOut })

const truthful = [1, 2, 3, 4, 5].map((id) => trade(id))

describe('a feed', () => {
  it('is sound where every id from its first one on came once and in order', () => {
    const verdict = judge([trade(2), trade(3), heartbeat(4), trade(4), trade(5)])
    expect(isSound(verdict)).toBe(true)
    expect(verdict).toMatchObject({ trades: 4, heartbeats: 1 })
  })

  it('is sound where what did not come is in a gap that is not filled', () => {
    const gaps = [gap(2, 3, 'open'), gap(2, 3, 'given_up')]
    expect(judge([trade(1), trade(4), trade(5)], gaps)).toMatchObject({ lost: 0, doubled: 0, openGaps: 0, givenUp: 2 })
  })

  it('may bring a trade behind a heartbeat where the exchange left it out, and it is in a gap', () => {
    const late = [trade(1), heartbeat(9), trade(2), trade(3), trade(4), trade(5)]
    const inGap = [gap(2, 5, 'open'), gap(2, 5, 'filled')]
    const excused = judge(late, inGap, [{ fromMs: 2, count: 4 }])
    expect(excused).toMatchObject({ contradicted: 0, excused: 4 })
    expect(isSound(excused)).toBe(true)
    expect(judge(late, inGap)).toMatchObject({ contradicted: 4, excused: 0 })
    expect(judge(late, [gap(2, 3, 'filled')], [{ fromMs: 2, count: 4 }])).toMatchObject({ contradicted: 2, excused: 2 })
    expect(judge(late, inGap, [{ fromMs: 3, count: 2 }])).toMatchObject({ contradicted: 2, excused: 2 })
    expect(judge(late, inGap, [{ fromMs: 6, count: 2 }])).toMatchObject({ contradicted: 4, excused: 0 })
  })

  it.each([
    ['nothing came at all', judge([]), { trades: 0, lost: 5 }],
    ['nothing but heartbeats came', judge([heartbeat(9)]), { trades: 0, lost: 5 }],
    [
      'nothing came of one symbol',
      judgeFeed({
        truth: new Map<string, IdRuns>([...truth, ['B', [[1, 2]]]]),
        records: truthful,
        gaps: [],
        leftOut: [],
      }),
      { lost: 2 },
    ],
    ['an id is nowhere', judge([trade(1), trade(3), trade(4), trade(5)]), { lost: 1 }],
    ['a gap is said to be filled and is not', judge([trade(1), trade(5)], [gap(2, 4, 'filled')]), { lost: 3 }],
    ['an id comes twice', judge([1, 2, 2, 3, 4, 5].map((id) => trade(id))), { doubled: 1, reordered: 1 }],
    ['an id came and is said to be missing', judge(truthful, [gap(3, 3, 'unfillable')]), { doubled: 1 }],
    ['ids are out of order', judge([1, 3, 2, 4, 5].map((id) => trade(id))), { reordered: 1 }],
    ['an id was never made', judge([1, 2, 3, 4, 5, 6].map((id) => trade(id))), { foreign: 1 }],
    [
      'a heartbeat is contradicted by trades of a gap that a cut made',
      judge([trade(1), trade(2), heartbeat(9), trade(3), trade(4), trade(5)], [gap(3, 5, 'filled')]),
      { contradicted: 3 },
    ],
    [
      'a heartbeat is contradicted',
      judge([trade(1), trade(2), heartbeat(9), trade(3), trade(4), trade(5)]),
      { contradicted: 3 },
    ],
    ['a gap stays open', judge([trade(1), trade(5)], [gap(2, 4, 'open')]), { openGaps: 1 }],
  ])('is not where %s', (_what, verdict, wrong) => {
    expect(verdict).toMatchObject(wrong)
    expect(isSound(verdict)).toBe(false)
  })
})
