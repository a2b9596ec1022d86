import { avroCodec, inMemoryRegistry, valueSubject, type MarketMetrics, type Trade } from '@tidemark/schemas'
import { TopologyTestDriver } from '@tidemark/testing'
import { describe, expect, test } from 'vitest'
import { aggregatorTopology } from './topology.ts'

const registry = inMemoryRegistry()
const topics = { trades: 'binance-trades', metrics: 'market-metrics', late: 'binance-trades-late' }
for (const [topic, schema] of [
  [topics.trades, 'Trade'],
  [topics.metrics, 'MarketMetrics'],
] as const) {
  await registry.register(valueSubject(topic), schema)
}
const codecs = {
  trade: avroCodec<Trade>('Trade', { registry, subject: valueSubject(topics.trades) }),
  metrics: avroCodec<MarketMetrics>('MarketMetrics', { registry, subject: valueSubject(topics.metrics) }),
}

function trade(symbol: string, id: number, timeMs: number, over: Partial<Trade> = {}): Trade {
  return {
    event_type: 'trade',
    event_time_ms: timeMs + 1,
    symbol,
    trade_id: id,
    price: 100,
    quantity: 1,
    trade_time_ms: timeMs,
    is_buyer_maker: false,
    ingestion_time_ms: timeMs + 2,
    latency_ms: 1,
    ...over,
  }
}

function driverOf() {
  const windows = [
    { label: '10s', sizeMs: 10_000 },
    { label: '1m', sizeMs: 60_000 },
  ]
  const topology = aggregatorTopology({ topics, codecs, windows, graceMs: 2_000, whaleFloor: () => 100_000 })
  const driver = new TopologyTestDriver(topology, { startMs: 7 })
  const trades = driver.input(topics.trades, codecs.trade)
  return { driver, pipe: (...all: Trade[]) => trades.pipeAll(all.map((one) => [one.symbol, one] as const)) }
}

describe('the aggregator', () => {
  test('emits metrics for every window size when its window closes', async () => {
    const { driver, pipe } = driverOf()
    await pipe(
      trade('BTCUSDT', 1, 1_000),
      trade('BTCUSDT', 2, 9_999, { price: 110, quantity: 2, is_buyer_maker: true }),
      trade('BTCUSDT', 3, 12_000),
      trade('BTCUSDT', 4, 62_000),
    )
    const metrics = driver.read(topics.metrics, codecs.metrics)
    expect(metrics.map(({ key, value }) => [key, value.window, value.window_start_ms, value.trade_count])).toEqual([
      ['BTCUSDT', '10s', 0, 2],
      ['BTCUSDT', '10s', 10_000, 1],
      ['BTCUSDT', '1m', 0, 3],
    ])
    expect(metrics[0]?.value).toMatchObject({
      open: 100,
      high: 110,
      low: 100,
      close: 110,
      base_volume: 3,
      quote_volume: 320,
      vwap: 320 / 3,
      buy_sell_ratio: 0.5,
      emitted_at_ms: 7,
    })
  })

  test("keeps a symbol's windows open while another one is ahead", async () => {
    const { driver, pipe } = driverOf()
    await pipe(trade('BTCUSDT', 1, 1_000), trade('ETHUSDT', 1, 3_600_000), trade('BTCUSDT', 2, 2_000))
    await pipe(trade('BTCUSDT', 3, 12_000))
    const [first] = driver.read(topics.metrics, codecs.metrics)
    expect([first?.value.symbol, first?.value.trade_count]).toEqual(['BTCUSDT', 2])
    expect(driver.read(topics.late, codecs.trade)).toEqual([])
  })

  test('sends a late trade on once for each window size, and counts it in the next metrics of that size', async () => {
    const { driver, pipe } = driverOf()
    await pipe(trade('BTCUSDT', 1, 1_000), trade('BTCUSDT', 5, 65_000), trade('BTCUSDT', 2, 2_000))
    const late = driver.read(topics.late, codecs.trade)
    expect(late.map(({ value, headers }) => [value.trade_id, headers['tidemark.late.window']])).toEqual([
      [2, '10s'],
      [2, '1m'],
    ])
    await pipe(trade('BTCUSDT', 6, 80_000))
    const late10s = driver
      .read(topics.metrics, codecs.metrics)
      .filter(({ value }) => value.window === '10s')
      .map(({ value }) => value.late_trades)
    expect(late10s).toEqual([0, 1])
  })
})
