import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readTrades, type RecordedTrade } from '@tidemark/oracle'
import { beforeAll, describe, expect, test } from 'vitest'
import { AggregatorRun, type Outputs } from './aggregator-fixture.ts'
import { allWindows as windows, differences, oracleOutputs, tradeOf } from './oracle-fixture.ts'

const recording = fileURLToPath(new URL('../../../../shared/data/spot-20240808-btc-eth.trades.gz', import.meta.url))
const farMs = Date.parse('2024-08-10T00:00:00Z')

/** What the stream makes of trades in order of time, closed by a heartbeat behind them. */
async function streamed(trades: readonly RecordedTrade[], vpinBucket?: number): Promise<Outputs> {
  const run = new AggregatorRun({ windows, vpinBucket: () => vpinBucket })
  await run.pipe(...trades.toSorted((a, b) => a.timeMs - b.timeMs || a.id - b.id).map(tradeOf))
  for (const symbol of new Set(trades.map(({ symbol }) => symbol))) await run.heartbeat(symbol, farMs)
  return run.read()
}

describe.skipIf(!existsSync(recording))('the recording of 2024-08-08, by the stream and by the oracle', () => {
  let trades: Map<string, RecordedTrade[]>
  const options = { whaleFloor: 100_000, vpinBucket: 2 }

  beforeAll(async () => {
    trades = await readTrades(recording)
  })

  test('is the same: all windows, all metrics, all whale orders, all anomalies', async () => {
    const outputs = await streamed([...trades.values()].flat(), options.vpinBucket)
    const oracle = oracleOutputs(trades.values(), windows, options)
    expect(differences(outputs, oracle)).toEqual([])
    expect(outputs.metrics.length).toBeGreaterThan(150)
    expect(outputs.metrics.filter(({ vpin }) => vpin !== null).length).toBeGreaterThan(50)
    expect(outputs.anomalies.length).toBeGreaterThan(0)
    expect(outputs.late).toEqual([])
  })

  test('has 6 whale orders of BTCUSDT in the minute of 23:57, together 2,015,470.90 USDT', async () => {
    const { whales } = await streamed(trades.get('BTCUSDT') ?? [])
    const startMs = Date.parse('2024-08-08T23:57:00Z')
    const ofMinute = whales.filter(({ trade_time_ms: timeMs }) => timeMs >= startMs && timeMs < startMs + 60_000)
    expect(ofMinute).toHaveLength(6)
    expect(ofMinute.reduce((sum, { quote_quantity }) => sum + quote_quantity, 0).toFixed(2)).toBe('2015470.90')
  })

  test('with ids that are missing is the same too: in all windows, and as data gaps', async () => {
    const holed = [...trades.values()].map((all) =>
      all.filter(({ id }) => !(id % 997 === 0 || (id % 4_001 > 3 && id % 4_001 < 30))),
    )
    const outputs = await streamed(holed.flat(), options.vpinBucket)
    expect(differences(outputs, oracleOutputs(holed, windows, options))).toEqual([])
    expect(outputs.anomalies.filter(({ kind }) => kind === 'data_gap').length).toBeGreaterThan(30)
    expect(outputs.metrics.filter(({ complete }) => complete === false).length).toBeGreaterThan(30)
  })
})
