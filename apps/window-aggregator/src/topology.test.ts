import type { MarketMetrics } from '@tidemark/schemas'
import { describe, expect, test } from 'vitest'
import { AggregatorRun, trade } from './aggregator-fixture.ts'

const tens = (metrics: readonly MarketMetrics[]) => metrics.filter(({ window }) => window === '10s')

/** A trade of BTCUSDT. */
const btc = (id: number, timeMs: number, over = {}) => trade('BTCUSDT', id, timeMs, over)

describe('the aggregator', () => {
  test('emits metrics for every window size when its window closes', async () => {
    const run = new AggregatorRun()
    await run.pipe(
      btc(1, 1_000),
      btc(2, 9_999, { price: 110, quantity: 2, is_buyer_maker: true }),
      btc(3, 12_000),
      btc(4, 62_000),
    )
    const { metrics } = run.read()
    expect(metrics.map((one) => [one.symbol, one.window, one.window_start_ms, one.trade_count])).toEqual([
      ['BTCUSDT', '10s', 0, 2],
      ['BTCUSDT', '10s', 10_000, 1],
      ['BTCUSDT', '1m', 0, 3],
    ])
    expect(metrics[0]).toMatchObject({
      ...{ open: 100, high: 110, low: 100, close: 110, base_volume: 3, quote_volume: 320, vwap: 320 / 3 },
      ...{ buy_sell_ratio: 0.5, is_volume_spike: false, volume_zscore: null, emitted_at_ms: 7 },
    })
  })

  test("keeps a symbol's windows open while another one is ahead", async () => {
    const run = new AggregatorRun()
    await run.pipe(btc(1, 1_000), trade('ETHUSDT', 1, 3_600_000), btc(2, 2_000))
    await run.pipe(btc(3, 12_000))
    const { metrics, late } = run.read()
    expect([metrics[0]?.symbol, metrics[0]?.trade_count]).toEqual(['BTCUSDT', 2])
    expect(late).toEqual([])
  })

  test('takes symbols as they appear, and keeps those that go quiet', async () => {
    const run = new AggregatorRun()
    await run.pipe(btc(1, 1_000))
    await run.pipe(trade('NEWUSDT', 900, 500_000), trade('NEWUSDT', 901, 513_000))
    await run.heartbeat('BTCUSDT', 600_000)
    await run.pipe(btc(2, 700_000), btc(3, 713_000))
    const names = tens(run.read().metrics).map((one) => [one.symbol, one.window_start_ms, one.complete])
    expect(names).toEqual([
      ['NEWUSDT', 500_000, false],
      ['BTCUSDT', 0, false],
      ['BTCUSDT', 700_000, true],
    ])
  })

  test('sends a late trade on once for each window size it missed, counts it, and adds it to the windows that are open', async () => {
    const run = new AggregatorRun()
    await run.pipe(btc(1, 1_000), btc(3, 15_000), btc(4, 18_000), btc(2, 2_000), btc(2, 2_000), btc(5, 65_000))
    const { metrics, late } = run.read()
    expect(late).toEqual(['2 10s'])
    expect(metrics.map((one) => [one.window, one.trade_count, one.missing_trades, one.late_trades])).toEqual([
      ['10s', 1, 0, 0],
      ['10s', 2, 0, 1],
      ['1m', 4, 0, 0],
    ])
  })

  test('hands heartbeats on behind all results that are earlier', async () => {
    const run = new AggregatorRun()
    await run.pipe(btc(1, 1_000))
    await run.heartbeat('BTCUSDT', 9_000)
    await run.heartbeat('BTCUSDT', 61_000)
    const { metrics, heartbeats } = run.read()
    expect(metrics.map(({ window }) => window)).toEqual(['10s', '1m'])
    expect(heartbeats.at(-1)).toBe('BTCUSDT 61000')
  })
})

describe('a whale order', () => {
  const fills = [1, 2, 3].map((id) => btc(id, 5_000, { quantity: 400 + id }))

  test('leaves when the watermark has passed its time, in whatever order its fills came', async () => {
    for (const arrival of [fills, fills.toReversed()]) {
      const run = new AggregatorRun()
      await run.pipe(...arrival, btc(4, 7_000))
      expect(run.read().whales).toEqual([])
      await run.pipe(btc(5, 7_001))
      expect(run.read().whales).toMatchObject([
        { first_trade_id: 1, last_trade_id: 3, fill_count: 3, quote_quantity: 120_600, side: 'buy' },
      ])
    }
  })

  test('of a symbol that goes quiet leaves with a heartbeat, and counts in the windows of its time', async () => {
    const run = new AggregatorRun()
    await run.pipe(...fills)
    await run.heartbeat('BTCUSDT', 5_000)
    expect(run.read().whales).toEqual([])
    await run.heartbeat('BTCUSDT', 10_000)
    const { whales, metrics } = run.read()
    expect(whales).toHaveLength(1)
    expect(metrics).toMatchObject([{ window: '10s', whale_order_count: 1, whale_quote_volume: 120_600 }])
  })
})

describe('missing ids', () => {
  test('within a window are counted in it, and told as a data gap', async () => {
    const run = new AggregatorRun()
    await run.pipe(btc(1, 11_000), btc(2, 21_000), btc(5, 22_000), btc(6, 33_000), btc(7, 35_500))
    const { metrics, anomalies } = run.read()
    expect(tens(metrics).map(({ missing_trades, complete }) => [missing_trades, complete])).toEqual([
      [0, false], // nothing is known of what was before it
      [2, false],
    ])
    expect(anomalies).toMatchObject([
      { id: 'data_gap:BTCUSDT:3-4', window_start_ms: 21_000, window_end_ms: 22_000, detected_at_ms: 22_000 },
    ])
  })

  test('between two windows make both incomplete, and count in neither', async () => {
    const run = new AggregatorRun()
    const trades = [btc(1, 1_000), btc(2, 11_000), btc(3, 19_000), btc(6, 32_000), btc(7, 41_000), btc(8, 53_000)]
    await run.pipe(...trades, btc(9, 56_000))
    const found = tens(run.read().metrics).map((one) => [one.window_start_ms, one.missing_trades, one.complete])
    expect(found).toEqual([
      [0, 0, false],
      [10_000, 0, false],
      [30_000, 0, false],
      [40_000, 0, true],
    ])
  })

  test('do not touch a window that a heartbeat has closed before, as nothing of it was missing', async () => {
    const run = new AggregatorRun()
    await run.pipe(btc(1, 1_000), btc(2, 11_000))
    await run.heartbeat('BTCUSDT', 25_000)
    await run.pipe(btc(4, 26_000), btc(5, 42_000), btc(6, 45_000))
    const { metrics, anomalies } = run.read()
    expect(tens(metrics).map((one) => [one.window_start_ms, one.complete])).toEqual([
      [0, false],
      [10_000, true],
      [20_000, false],
    ])
    expect(anomalies).toHaveLength(1)
  })

  test('that come in time, however late by the order of arrival, are not missing', async () => {
    const run = new AggregatorRun()
    await run.pipe(btc(1, 1_000), btc(2, 19_000), btc(4, 20_500), btc(3, 20_400), btc(5, 33_000))
    expect(tens(run.read().metrics).map(({ complete }) => complete)).toEqual([false, true, true])
  })
})

test('a window of unusual volume, price and flow is told as three anomalies', async () => {
  const run = new AggregatorRun()
  // Each ten seconds, about as much is sold as bought, at about the same price.
  const calm = Array.from({ length: 40 }, (_, index) => {
    const timeMs = index * 10_000 + 100
    const sold = btc(2 * index, timeMs, { quantity: 1 + (index % 3) / 10, is_buyer_maker: true })
    return [sold, btc(2 * index + 1, timeMs + 1, { price: 100 + (index % 2) / 100 })]
  })
  const wild = [btc(80, 400_100, { quantity: 300 }), btc(81, 400_200, { quantity: 300, price: 130 })]
  await run.pipe(...calm.flat(), ...wild, btc(82, 412_300))
  const { anomalies, metrics } = run.read()
  expect(tens(metrics).at(-1)).toMatchObject({
    ...{ window_start_ms: 400_000, is_volume_spike: true, order_flow_imbalance: 1 },
  })
  expect(anomalies.filter(({ window }) => window === '10s').map(({ id }) => id)).toEqual([
    'volume_spike:BTCUSDT:10s:400000',
    'price_jump:BTCUSDT:10s:400000',
    'flow_imbalance:BTCUSDT:10s:400000',
  ])
  for (const { value, baseline, score, threshold, detected_at_ms } of anomalies) {
    expect(value).toBeGreaterThan(baseline)
    expect(score).toBeGreaterThanOrEqual(threshold)
    expect(detected_at_ms).toBe(410_000)
  }
})
