import type { FeedItem } from '@tidemark/binance'
import { beforeEach, expect, it } from 'vitest'
import { commitLoop, type CommitLoopOptions } from './commit-loop.ts'
import { FakeFeed } from './fake-feed.ts'

let nowMs: number
let feed: FakeFeed
let did: string[]
let stop: AbortController
/** What the feed gets at these times. */
let arrivals: Map<number, readonly FeedItem[]>

beforeEach(() => {
  nowMs = 0
  feed = new FakeFeed()
  did = []
  stop = new AbortController()
  arrivals = new Map()
})

const item = (symbol: string): FeedItem => ({ kind: 'heartbeat', symbol, watermarkMs: 1 })

const run = (options: Partial<CommitLoopOptions> = {}): Promise<void> =>
  commitLoop(feed, {
    writer: {
      bufferedBytes: 0,
      add: (added) => void did.push(`${nowMs} add ${added.kind === 'heartbeat' ? added.symbol : ''}`),
      send: async () => {
        did.push(`${nowMs} send`)
      },
      commit: async () => {
        did.push(`${nowMs} commit`)
        nowMs += 8
        return []
      },
    },
    commitIntervalMs: 20,
    signal: stop.signal,
    nowMs: () => nowMs,
    pause: async (ms) => {
      nowMs += ms
      const arrived = arrivals.get(nowMs)
      if (arrived !== undefined) feed.give(...arrived)
      if (nowMs === 18) void feed.stop()
    },
    onRetry: () => undefined,
    onCommit: () => undefined,
    ...options,
  })

it('what comes after a while is committed at once; then there is a send each five milliseconds, and a commit at the interval', async () => {
  feed.give(item('A'))
  feed.give(item('B'))
  arrivals.set(13, [item('C')])
  await run()
  expect(did).toEqual(['0 add A', '0 commit', '8 add B', '8 send', '13 add C', '13 send', '18 send', '20 commit'])
})

it('a stop does not wait for the interval', async () => {
  feed.give(item('A'))
  feed.give(item('B'))
  await run({
    pause: async () => {
      stop.abort()
      await feed.stop()
    },
  })
  expect(did).toEqual(['0 add A', '0 commit', '8 add B', '8 send', '8 commit'])
})

it('a transaction that grows too large is committed before its time', async () => {
  feed.give(item('A'), item('B'))
  await feed.stop()
  const commit = async () => {
    did.push('commit')
    return []
  }
  const add = () => void did.push('add')
  await run({ writer: { bufferedBytes: 4_000_000, add, send: async () => undefined, commit } })
  expect(did.slice(0, 4)).toEqual(['add', 'commit', 'add', 'commit'])
})
