import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { AggregatorRun, type Outputs } from './aggregator-fixture.ts'
import { allWindows as windows, differences, oracleOutputs, tradeOf } from './oracle-fixture.ts'
import { dayEndMs, interleaved, tradesOfDay, type SymbolDay } from './synthetic-day-fixture.ts'

const options = { whaleFloor: 50_000, vpinBucket: 100 }
/** Trades that the stream gets at once. */
const chunk = 50_000

/** Five symbols. */
function market(tradesOfEach: number): SymbolDay[] {
  return ['ADAUSDT', 'BNBUSDT', 'BTCUSDT', 'ETHUSDT', 'SOLUSDT'].map((symbol, index) => ({
    symbol,
    trades: tradesOfEach,
    seed: index + 1,
  }))
}

/** What one application makes of the trades of all symbols in one partition, interleaved by time, and how many there were. */
async function streamed(days: readonly SymbolDay[]): Promise<{ readonly trades: number; readonly outputs: Outputs }> {
  const run = new AggregatorRun({ windows, whaleFloor: () => options.whaleFloor, vpinBucket: () => options.vpinBucket })
  let trades = 0
  let waiting = []
  for (const one of interleaved(days)) {
    waiting.push(tradeOf(one))
    trades++
    if (waiting.length < chunk) continue
    await run.pipe(...waiting)
    waiting = []
  }
  await run.pipe(...waiting)
  for (const { symbol } of days) await run.heartbeat(symbol, dayEndMs + 3_600_000)
  return { trades, outputs: run.read() }
}

/** Expects every window of every symbol to be as the oracle says, which is asked symbol by symbol: it has all trades in memory. */
async function expectEqual(days: readonly SymbolDay[]): Promise<{ readonly trades: number; readonly windows: number }> {
  const { trades, outputs } = await streamed(days)
  const { metrics, whales, anomalies, late } = outputs
  for (const day of days) {
    const isOfIt = ({ symbol }: { readonly symbol: string }) => symbol === day.symbol
    const ofIt = {
      metrics: metrics.filter(isOfIt),
      whales: whales.filter(isOfIt),
      anomalies: anomalies.filter(isOfIt),
    }
    const oracle = oracleOutputs([[...tradesOfDay(day)]], windows, options)
    expect(differences(ofIt, oracle).slice(0, 20), day.symbol).toEqual([])
    expect(Math.min(ofIt.whales.length, ofIt.anomalies.length), day.symbol).toBeGreaterThan(0)
  }
  expect(late).toEqual([])
  return { trades, windows: metrics.length }
}

test('a synthetic day of five symbols, 6,000 trades each, is the same by the stream and by the oracle', async () => {
  const compared = await expectEqual(market(6_000))
  expect(compared.trades).toBeGreaterThan(25_000)
  expect(compared.windows).toBeGreaterThan(5_000)
})

describe.skipIf(process.env['TIDEMARK_NIGHTLY'] === undefined)('a synthetic day of five symbols', () => {
  test('and five million trades is the same by the stream and by the oracle', { timeout: 1_800_000 }, async () => {
    const compared = await expectEqual(market(1_000_000))
    expect(compared.trades).toBeGreaterThan(4_900_000)
    expect(compared.windows).toBe(5 * (8_640 + 1_440 + 288 + 96 + 24))
  })
})
