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

const aggregator = () => new AggregatorRun({ graceMs, vpinBucket: () => 500 }, { commit: 'manual' })

/** What comes of trades of which one comes after the other. */
async function outputsOf(trades: readonly Trade[], steps: readonly string[] = []) {
  const run = aggregator()
  for (const [index, one] of trades.entries()) {
    await run.pipe(one)
    if (steps[index] === 'commit') await run.driver.commit()
    if (steps[index] === 'kill') run.driver.kill()
  }
  return ended(run)
}

/** All that comes out, in the one order that is promised: by symbol and window size; anomalies by their ids. */
async function ended(run: AggregatorRun) {
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

test('a replay at any speed gives the same outputs, bit for bit apart from emitted_at_ms', async () => {
  const withoutEmission = ({ metrics, ...others }: Awaited<ReturnType<typeof ended>>) => ({
    ...others,
    metrics: Object.entries(metrics).map(([name, ones]) => [name, ones?.map((one) => ({ ...one, emitted_at_ms: 0 }))]),
  })
  await fc.assert(
    fc.asyncProperty(market, fc.array(fc.nat(60_000), { minLength: 1 }), async (arriving, pauses) => {
      const trades = arriving.toSorted((a, b) => a.arrivesMs - b.arrivesMs).map((one) => one.trade)
      const fast = aggregator()
      await fast.pipe(...trades)
      const slow = aggregator()
      for (const [index, one] of trades.entries()) {
        await slow.pipe(one)
        slow.driver.clock.advance(pauses[index % pauses.length] ?? 0)
        await slow.driver.commit()
      }
      expect(withoutEmission(await ended(slow))).toStrictEqual(withoutEmission(await ended(fast)))
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
