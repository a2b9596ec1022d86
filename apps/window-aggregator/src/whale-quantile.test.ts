import { judgedOrders, takerOrders } from '@tidemark/oracle'
import { expect, test } from 'vitest'
import { AggregatorRun } from './aggregator-fixture.ts'
import { tradeOf } from './oracle-fixture.ts'
import { dayEndMs, tradesOfDay } from './synthetic-day-fixture.ts'

const floor = { whaleFloor: 50_000, whaleQuantile: 0.99 }
/** What is stated of the running quantile: it is so near to the true one. */
const relativeError = 0.01

test('whale orders by a running quantile are those of the exact quantile, but for the stated one percent', async () => {
  const trades = [...tradesOfDay({ symbol: 'BTCUSDT', trades: 70_000, seed: 3 })]
  const windows = [{ label: '1h', sizeMs: 3_600_000 }]
  const { whaleFloor, whaleQuantile } = floor
  const run = new AggregatorRun({ windows, whaleFloor: () => whaleFloor, whaleQuantile })
  await run.pipe(...trades.map(tradeOf))
  await run.heartbeat('BTCUSDT', dayEndMs + 3_600_000)
  const { metrics, whales } = run.read()

  const found = new Map(whales.map((whale) => [whale.first_trade_id, whale]))
  const judged = judgedOrders(takerOrders(trades), floor)
  for (const { fills, quote, threshold, rule } of judged) {
    const whale = found.get(fills[0]?.id as number)
    found.delete(fills[0]?.id as number)
    if (quote >= threshold * (1 + relativeError)) expect(whale).toBeDefined()
    if (quote < threshold * (1 - relativeError)) expect(whale).toBeUndefined()
    if (whale === undefined) continue
    expect([whale.quote_quantity, whale.fill_count, whale.rule]).toEqual([quote, fills.length, rule])
    expect(Math.abs(whale.threshold_quote / threshold - 1)).toBeLessThanOrEqual(rule === 'floor' ? 0 : relativeError)
  }
  expect([...found.keys()]).toEqual([])
  // Both rules, and orders that the quantile kept out.
  expect(whales.filter(({ rule }) => rule === 'floor').length).toBeGreaterThan(100)
  const byQuantile = whales.filter(({ rule }) => rule === 'quantile').length
  expect(byQuantile).toBeGreaterThan(20)
  expect(judged.filter(({ rule }) => rule === 'quantile').length).toBeGreaterThan(byQuantile + 50)
  expect(metrics.reduce((sum, one) => sum + one.whale_order_count, 0)).toBe(whales.length)
})
