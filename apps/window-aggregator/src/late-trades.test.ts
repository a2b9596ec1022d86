import process from 'node:process'
import { lateTrades, windowsAsTheyCame, type Arrival, type RecordedTrade } from '@tidemark/oracle'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AggregatorRun } from './aggregator-fixture.ts'
import { differences, tradeOf } from './oracle-fixture.ts'

/** Each run is a whole application on some dozens of trades. */
const numRuns = Math.ceil(Number(process.env['PROPERTY_RUNS'] ?? 10_000) / 30)
const windows = [
  { label: '10s', sizeMs: 10_000 },
  { label: '1m', sizeMs: 60_000 },
]
const graceMs = 2_000
const endMs = 3_600_000

/** Trades in order of their ids, some of which are missing. */
const market = fc
  .array(
    fc.record({
      waitMs: fc.oneof(fc.constant(0), fc.nat(4_000), fc.nat(30_000)),
      hole: fc.constantFrom(0, 0, 0, 0, 0, 1, 3),
      price: fc.integer({ min: 90, max: 110 }),
      quantity: fc.integer({ min: 1, max: 9 }),
      isBuy: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let [id, timeMs] = [1_000, 1_000]
    return steps.map(({ waitMs, hole, ...fields }): RecordedTrade => {
      id += 1 + hole
      timeMs += waitMs
      return { symbol: 'BTCUSDT', id, timeMs, ...fields }
    })
  })

/** The trades as they may come, most within the grace, some far beyond it, some twice; and heartbeats, which may promise too much. */
const arrivals = market.chain((trades) =>
  fc
    .tuple(
      fc.array(fc.oneof({ weight: 2, arbitrary: fc.nat(graceMs) }, fc.nat(90_000)), {
        minLength: trades.length,
        maxLength: trades.length,
      }),
      fc.array(fc.tuple(fc.nat(200_000), fc.nat(5_000)), { maxLength: 5 }),
      fc.subarray(trades, { maxLength: Math.min(3, trades.length) }),
    )
    .map(([delaysMs, heartbeats, again]) => {
      const coming: { readonly atMs: number; readonly arrival: Arrival }[] = [
        ...trades.map((arrival, index) => {
          // Ids before the first that is known are not remembered: where some come twice, none is.
          const delayMs = index === 0 && again.length > 0 ? 0 : (delaysMs[index] ?? 0)
          return { atMs: arrival.timeMs + delayMs, arrival }
        }),
        ...again.map((arrival) => ({ atMs: arrival.timeMs + 50_000, arrival })),
        ...heartbeats.map(([atMs, behindMs]) => ({ atMs, arrival: { watermarkMs: Math.max(0, atMs - behindMs) } })),
      ]
      return coming.sort((a, b) => a.atMs - b.atMs).map(({ arrival }) => arrival)
    }),
)

/** What comes of trades that were given up depends on when their neighbours' windows closed, or they are no longer asked for it. */
const notCompared = {
  complete: null,
  vpin: null,
  whale_order_count: 0,
  whale_quote_volume: 0,
  whale_buy_quote_volume: 0,
}

test('trades that come too late, in any order of arrival, are those of the oracle: on their topic, in late_trades, and in no window that missed them', async () => {
  let found = 0
  await fc.assert(
    fc.asyncProperty(arrivals, async (coming) => {
      const run = new AggregatorRun({ windows, graceMs })
      for (const arrival of coming) {
        if ('watermarkMs' in arrival) await run.heartbeat('BTCUSDT', arrival.watermarkMs)
        else await run.pipe(tradeOf(arrival))
      }
      await run.heartbeat('BTCUSDT', endMs)
      const { metrics, late } = run.read()

      const none = { whales: [], anomalies: [] }
      const expected = windowsAsTheyCame(coming, windows, { graceMs, whaleFloor: 100_000 })
      const compared = metrics.map((one) => ({ ...one, ...notCompared }))
      const oracle = expected.map((one) => ({ ...one.metrics, ...notCompared, emitted_at_ms: 0 }))
      expect(differences({ metrics: compared, ...none }, { metrics: oracle, ...none })).toEqual([])
      for (const { label, sizeMs } of windows) {
        const missed = lateTrades(coming, { sizeMs, graceMs }).trades.map(({ id }) => `${id} ${label}`)
        expect(late.filter((line) => line.endsWith(` ${label}`))).toEqual(missed)
        found += missed.length
      }
    }),
    { numRuns },
  )
  expect(found).toBeGreaterThan(0)
})
