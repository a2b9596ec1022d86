import type { MarketMetrics } from '@tidemark/schemas'
import { expect, test } from 'vitest'
import { AggregatorRun, trade } from './aggregator-fixture.ts'
import { allWindows as windows } from './oracle-fixture.ts'

/** Trades of BTCUSDT as ids and seconds. */
const btc = (...places: readonly (readonly [id: number, second: number])[]) =>
  places.map(([id, second]) => trade('BTCUSDT', id, second * 1_000))

/** What a symbol's windows of a size say of their ids, by their start in seconds. */
function judged(metrics: readonly MarketMetrics[], symbol: string, size: string) {
  return metrics
    .filter((one) => one.symbol === symbol && one.window === size)
    .map((one) => [one.window_start_ms / 1_000, one.missing_trades, one.complete])
}

test('ids that never come show in exactly the windows that they are missing from, of each size, and as one data gap each', async () => {
  const run = new AggregatorRun({ windows })
  // 4 is missing within a window, 7 and 8 between two of ten seconds, 11 between two minutes, and 14 to 20 with the window they were in.
  await run.pipe(...btc([1, 1], [2, 12], [3, 21], [5, 23], [6, 35], [9, 44], [10, 58], [12, 61], [13, 72], [21, 95]))
  await run.pipe(...btc([22, 101], [23, 299], [24, 305]))
  await run.heartbeat('BTCUSDT', 7_200_000)
  const { metrics, anomalies } = run.read()
  expect(judged(metrics, 'BTCUSDT', '10s')).toEqual([
    [0, 0, false], // nothing is known of what was before it
    [10, 0, true],
    [20, 1, false],
    [30, 0, false],
    [40, 0, false],
    [50, 0, false],
    [60, 0, false],
    [70, 0, false], // the one behind it is lost whole, and emits nothing
    [90, 0, false],
    [100, 0, true],
    [290, 0, true],
    [300, 0, true],
  ])
  expect(judged(metrics, 'BTCUSDT', '1m')).toEqual([
    [0, 3, false],
    [60, 7, false],
    [240, 0, true],
    [300, 0, true],
  ])
  expect(judged(metrics, 'BTCUSDT', '5m')).toEqual([
    [0, 11, false],
    [300, 0, true],
  ])
  expect(judged(metrics, 'BTCUSDT', '1h')).toEqual([[0, 11, false]])
  expect(
    anomalies.map((one) => [one.id, one.value, one.window_start_ms / 1_000, (one.window_end_ms ?? 0) / 1_000]),
  ).toEqual([
    ['data_gap:BTCUSDT:4-4', 1, 21, 23],
    ['data_gap:BTCUSDT:7-8', 2, 35, 44],
    ['data_gap:BTCUSDT:11-11', 1, 58, 61],
    ['data_gap:BTCUSDT:14-20', 7, 72, 95],
  ])
})

test('a hole that is filled when other symbols of the partition are two hours ahead leaves no trace, and they do not wait', async () => {
  const run = new AggregatorRun({ windows })
  await run.pipe(...btc([1, 1], [2, 11]))
  // The feed holds back what is behind 3 to 5, heartbeats too, until REST has answered.
  const hours = Array.from({ length: 720 }, (_, index) => trade('ETHUSDT', index, index * 10_000))
  await run.pipe(...hours)
  await run.heartbeat('ETHUSDT', 7_200_000)
  const meanwhile = run.read()
  expect(judged(meanwhile.metrics, 'ETHUSDT', '10s')).toHaveLength(720)
  expect(judged(meanwhile.metrics, 'ETHUSDT', '1h')).toHaveLength(2)
  expect(judged(meanwhile.metrics, 'BTCUSDT', '10s')).toEqual([])

  await run.pipe(...btc([3, 12], [4, 13], [5, 22], [6, 31.999]))
  const before = run.read()
  expect(judged(before.metrics, 'BTCUSDT', '10s')).toEqual([
    [0, 0, false],
    [10, 0, true],
  ])
  await run.pipe(...btc([7, 32]))
  const filled = run.read()
  expect(judged(filled.metrics, 'BTCUSDT', '10s')).toEqual([[20, 0, true]])
  for (const { late, anomalies } of [meanwhile, before, filled]) expect([late, anomalies]).toEqual([[], []])
})

test('the hole of a symbol holds up its own windows for no longer than the grace, and the others of the partition not at all', async () => {
  const run = new AggregatorRun({ windows })
  await run.pipe(...btc([1, 1], [3, 9]), trade('ETHUSDT', 1, 1_000), trade('ETHUSDT', 2, 12_000))
  expect(judged(run.read().metrics, 'ETHUSDT', '10s')).toEqual([[0, 0, false]])
  await run.pipe(...btc([4, 11.999]))
  const before = run.read()
  expect(before.metrics).toEqual([])
  expect(before.anomalies.map(({ id }) => id)).toEqual(['data_gap:BTCUSDT:2-2'])
  await run.pipe(...btc([5, 12]))
  expect(judged(run.read().metrics, 'BTCUSDT', '10s')).toEqual([[0, 1, false]])
})
