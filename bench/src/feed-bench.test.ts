import { expect, test } from 'vitest'
import { brokenByUs, type FeedSideOutcome } from './feed-bench.ts'

const none = { p50_ms: 0, p99_ms: 0, p999_ms: 0, max_ms: 0, results: 0 }
const side = (figures: Partial<FeedSideOutcome>): FeedSideOutcome => ({
  ...{ name: 'tidemark', taken: 9, lost: 0, doubled: 0, cpu_s: 1, rss_begin_mb: 1, rss_end_mb: 1 },
  ...{ acknowledged: none, appended: none, readable: none },
  ...figures,
})
const brokenIn = (...sides: FeedSideOutcome[]) =>
  brokenByUs({ name: 'feed', seconds: 1, loads: [{ symbols: 2, rate: 3, sides }] })

test('the feed must lose nothing and double nothing, whatever the bare loop does and however long it takes', () => {
  expect(brokenIn(side({ cpu_s: 1_000 }), side({ name: 'ws + kafkajs', lost: 5, doubled: 5 }))).toEqual([])
  expect(brokenIn(side({ lost: 1 }))).toEqual(['2 symbols, 3 trades/s: of 9 trades 1 lost, 0 doubled'])
  expect(brokenIn(side({ doubled: 2 }))).toEqual(['2 symbols, 3 trades/s: of 9 trades 0 lost, 2 doubled'])
  expect(brokenIn(side({ taken: 0 }))).toEqual(['2 symbols, 3 trades/s: of 0 trades 0 lost, 0 doubled'])
})
