import type { Trade } from '@tidemark/schemas'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AggregatorRun, trade } from './aggregator-fixture.ts'

/** Each run is a whole application on some hundred trades. */
const numRuns = Math.ceil(Number(process.env['PROPERTY_RUNS'] ?? 3_000) / 100)
const graceMs = 2_000
const endMs = 600_000

/** Trades of a symbol in order: bursts of fills, silences, sometimes ids that never come. */
const tradesOf = (symbol: string) =>
  fc
    .array(
      fc.record({
        waitMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3_000) }),
        hole: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 2),
        is_buyer_maker: fc.boolean(),
        price: fc.double({ min: 90, max: 110, noNaN: true }),
        quantity: fc.double({ min: 0.01, max: 900, noNaN: true }),
        /** How much later than its time it comes. */
        jitterMs: fc.nat(graceMs - 1),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((steps) => {
      let [id, timeMs] = [1_000, 1_000]
      return steps.map(({ waitMs, hole, jitterMs, ...fields }) => {
        id += 1 + hole
        timeMs += waitMs
        return { trade: trade(symbol, id, timeMs, fields), arrivesMs: timeMs + jitterMs }
      })
    })

const market = fc.tuple(tradesOf('BTCUSDT'), tradesOf('ETHUSDT')).map((symbols) => symbols.flat())

/** What the application does after a trade. */
const step = fc.constantFrom('go on', 'go on', 'commit', 'kill')

/** All that comes out, in the one order that is promised: by symbol and window size; anomalies by their ids. */
async function outputsOf(trades: readonly Trade[], steps: readonly string[] = []) {
  const run = new AggregatorRun({ graceMs, vpinBucket: () => 500 }, { commit: 'manual' })
  for (const [index, one] of trades.entries()) {
    await run.pipe(one)
    if (steps[index] === 'commit') await run.driver.commit()
    if (steps[index] === 'kill') run.driver.kill()
  }
  for (const symbol of ['BTCUSDT', 'ETHUSDT']) await run.heartbeat(symbol, endMs)
  await run.driver.commit()
  const { metrics, whales, anomalies, late } = run.read()
  return {
    metrics: Object.groupBy(metrics, ({ symbol, window }) => `${symbol} ${window}`),
    whales: Object.groupBy(whales, ({ symbol }) => symbol),
    anomalies: anomalies.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    late,
  }
}

test('any order of arrival within grace gives the same outputs, bit for bit', async () => {
  await fc.assert(
    fc.asyncProperty(market, async (arriving) => {
      const inOrder = arriving.toSorted((a, b) => a.trade.trade_time_ms - b.trade.trade_time_ms)
      const shuffled = arriving.toSorted((a, b) => a.arrivesMs - b.arrivesMs)
      const expected = await outputsOf(inOrder.map((one) => one.trade))
      expect(await outputsOf(shuffled.map((one) => one.trade))).toStrictEqual(expected)
      expect(expected.late).toEqual([])
    }),
    { numRuns },
  )
})

test('a kill anywhere, and a commit anywhere, change nothing that comes out', async () => {
  await fc.assert(
    fc.asyncProperty(market, fc.array(step, { maxLength: 120 }), async (arriving, steps) => {
      const trades = arriving.toSorted((a, b) => a.arrivesMs - b.arrivesMs).map((one) => one.trade)
      expect(await outputsOf(trades, steps)).toStrictEqual(await outputsOf(trades))
    }),
    { numRuns },
  )
})
