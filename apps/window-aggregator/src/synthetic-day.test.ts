import type { RecordedTrade } from '@tidemark/oracle'
import { describe, expect, test } from 'vitest'
import { AggregatorRun } from './aggregator-fixture.ts'
import { allWindows as windows, differences, oracleOutputs, tradeOf } from './oracle-fixture.ts'

const dayMs = 86_400_000
const startMs = Date.parse('2024-08-08T00:00:00Z')
const options = { whaleFloor: 50_000, vpinBucket: 100 }

/** Park and Miller's generator: the same day for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** A day's trades of one symbol in order: orders of one to eight fills, prices in ticks, ids that are missing now and then. */
function dayOf(symbol: string, count: number, seed: number): RecordedTrade[] {
  const random = randomOf(seed)
  const trades: RecordedTrade[] = []
  let [id, price, time] = [1_000_000 * seed, 50_000 * seed, 0]
  while (trades.length < count) {
    time += -Math.log(random()) * ((dayMs * 4.5) / count)
    const timeMs = startMs + Math.floor(time)
    const isBuy = random() < 0.5
    if (random() < 1e-4) id += Math.ceil(random() * 5)
    for (let fill = Math.floor(random() * 8); fill >= 0; fill--) {
      price = Math.max(100, price + Math.round(random() * 4 - 2))
      const quantity = Math.ceil(-Math.log(random()) * 20_000) / 10_000
      trades.push({ symbol, id: id++, timeMs, price: price / 100, quantity, isBuy })
    }
  }
  return trades
}

const symbols = ['ADAUSDT', 'BNBUSDT', 'BTCUSDT', 'ETHUSDT', 'SOLUSDT'].map(
  (symbol, index) => [symbol, index + 1] as const,
)

async function expectEqual(trades: readonly RecordedTrade[], symbol: string): Promise<number> {
  const run = new AggregatorRun({ windows, whaleFloor: () => options.whaleFloor, vpinBucket: () => options.vpinBucket })
  for (let from = 0; from < trades.length; from += 50_000) {
    await run.pipe(...trades.slice(from, from + 50_000).map(tradeOf))
  }
  await run.heartbeat(symbol, startMs + 2 * dayMs)
  const outputs = run.read()
  const oracle = oracleOutputs([trades], windows, options)
  expect(differences(outputs, oracle).slice(0, 20)).toEqual([])
  expect(Math.min(outputs.whales.length, outputs.anomalies.length)).toBeGreaterThan(0)
  return outputs.metrics.length
}

test('a synthetic stretch of 30,000 trades is the same by the stream and by the oracle', async () => {
  expect(await expectEqual(dayOf('BTCUSDT', 30_000, 3), 'BTCUSDT')).toBeGreaterThan(5_000)
})

describe.skipIf(process.env['TIDEMARK_NIGHTLY'] === undefined)(
  'a synthetic day, a million trades of each symbol',
  () => {
    test.each(symbols)(
      'of %s is the same by the stream and by the oracle',
      { timeout: 600_000 },
      async (symbol, seed) => {
        expect(await expectEqual(dayOf(symbol, 1_000_000, seed), symbol)).toBeGreaterThan(10_000)
      },
    )
  },
)
