import type { RecordedTrade } from '@tidemark/oracle'
import { expect, test } from 'vitest'
import { AggregatorRun } from './aggregator-fixture.ts'
import { allWindows as windows, differences, oracleOutputs, tradeOf } from './oracle-fixture.ts'
import { tradesOfDay } from './synthetic-day-fixture.ts'

const dayMs = 86_400_000

/** Days of one symbol, one after the other, with ids that go on; the fourth has no trades. */
function daysOf(symbol: string, seed: number): RecordedTrade[] {
  const all: RecordedTrade[] = []
  for (const [index, day] of [0, 1, 2, 4].entries()) {
    const trades = [...tradesOfDay({ symbol, trades: 2_000 + 500 * index, seed: seed + index })]
    const idShift = (all.at(-1)?.id ?? 0) + 1 - (trades[0]?.id ?? 0)
    for (const one of trades) all.push({ ...one, id: one.id + idShift, timeMs: one.timeMs + day * dayMs })
  }
  return all
}

test('VPIN by the volume of the last whole day is the same by the stream and by the oracle, over days', async () => {
  const symbols = [daysOf('BTCUSDT', 1), daysOf('ETHUSDT', 11)]
  const trades = symbols.flat().toSorted((a, b) => a.timeMs - b.timeMs || a.id - b.id)
  const run = new AggregatorRun({ windows })
  await run.pipe(...trades.map(tradeOf))
  for (const symbol of ['BTCUSDT', 'ETHUSDT']) await run.heartbeat(symbol, (trades.at(-1)?.timeMs ?? 0) + 2 * dayMs)
  const outputs = run.read()
  expect(differences(outputs, oracleOutputs(symbols, windows, { whaleFloor: 100_000 })).slice(0, 20)).toEqual([])
  // Of the first day, which may not be whole, there is no size; nor are fifty buckets full at once.
  const firstMs = trades[0]?.timeMs ?? 0
  const known = outputs.metrics.filter(({ vpin }) => vpin !== null)
  expect(known.length).toBeGreaterThan(1_000)
  expect(Math.min(...known.map((one) => one.window_end_ms)) - firstMs).toBeGreaterThan(2 * dayMs)
})
