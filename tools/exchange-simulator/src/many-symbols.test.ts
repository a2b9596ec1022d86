import { connectTrades } from '@tidemark/binance'
import { afterEach, expect, it } from 'vitest'
import { manualClock } from './manual-clock.ts'
import { startSimulator } from './simulator.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

it('more symbols than a connection carries: our feed gets every trade of each once, and is never cut for going over a limit', async () => {
  const symbols = Array.from({ length: 1_100 }, (_unused, index) => `S${index}USDT`)
  const clock = manualClock(1_800_000_000_000)
  const told: string[] = []
  const source = { kind: 'synthetic', tradesPerSecond: 2, durationMs: 2_000 } as const
  const simulator = await startSimulator({ source, symbols, clock, log: (message) => told.push(message) })
  cleanUps.push(() => simulator.stop())
  const connected = Promise.withResolvers<void>()
  const feed = connectTrades({
    url: simulator.url,
    symbols,
    onState: ({ phase }) => {
      if (phase === 'connected') connected.resolve()
    },
  })
  cleanUps.push(() => feed.stop())
  await connected.promise
  expect(simulator.status().connections).toHaveLength(2)
  clock.advance(3_000)
  const truth = await simulator.truth()
  const total = Object.values(truth.symbols).reduce((sum, { count }) => sum + count, 0)
  expect(total).toBeGreaterThan(1_100)
  const ids = new Map(symbols.map((symbol) => [symbol, [] as number[]]))
  let taken = 0
  for await (const { items } of feed) {
    for (const item of items) {
      if (item.kind !== 'trade') continue
      ids.get(item.trade.symbol)?.push(item.trade.trade_id)
      taken++
    }
    if (taken >= total) break
  }
  for (const [symbol, { runs }] of Object.entries(truth.symbols)) {
    const published = runs.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_unused, index) => first + index),
    )
    expect(ids.get(symbol)).toEqual(published)
  }
  expect(feed.counters).toMatchObject({ connects: 2, duplicates: 0, rejected: 0, open_holes: 0 })
  expect(told).toEqual([])
})
