import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Trade } from '@tidemark/schemas'
import { describe, expect, test } from 'vitest'
import { naiveMetrics } from './naive-metrics-fixture.ts'
import { metricsOf, tradeOf } from './trades-fixture.ts'

const recording = new URL('../../../../shared/data/spot-20240808-btc-eth.trades.gz', import.meta.url)
const floor = 100_000
const minuteMs = 60_000

interface Frame {
  readonly data: { s: string; t: number; p: string; q: string; T: number; m: boolean }
}

function tradeOfLine(line: string): Trade {
  const { data } = JSON.parse(line.slice(line.indexOf(' ') + 1)) as Frame
  const { s: symbol, t: trade_id, p, q, T: trade_time_ms, m: is_buyer_maker } = data
  return tradeOf({ symbol, trade_id, price: Number(p), quantity: Number(q), trade_time_ms, is_buyer_maker })
}

function minutesOf(trades: Trade[]): Map<number, Trade[]> {
  return Map.groupBy(trades, ({ trade_time_ms }) => trade_time_ms - (trade_time_ms % minuteMs))
}

const fold = (trades: readonly Trade[]) => metricsOf('1m', trades, { whaleFloor: () => floor })

describe.skipIf(!existsSync(recording))('the recording of 2024-08-08', () => {
  const lines = existsSync(recording) ? gunzipSync(readFileSync(recording)).toString().trimEnd().split('\n') : []
  const trades = lines.map(tradeOfLine)
  const minutes = ['BTCUSDT', 'ETHUSDT'].flatMap((symbol) => [
    ...minutesOf(trades.filter((trade) => trade.symbol === symbol)),
  ])

  test('has 34,419 trades, all of them in some minute, none missing', () => {
    const all = minutes.map(([, ofMinute]) => fold(ofMinute))
    expect(all.reduce((count, { trade_count }) => count + trade_count, 0)).toBe(34_419)
    expect(all.every(({ missing_trades }) => missing_trades === 0)).toBe(true)
  })

  test('has 6 whale orders of BTCUSDT in the minute of 23:57, together 2,015,470.90 USDT', () => {
    const startMs = Date.parse('2024-08-08T23:57:00Z')
    const ofMinute = trades.filter(
      ({ symbol, trade_time_ms }) => symbol === 'BTCUSDT' && trade_time_ms - (trade_time_ms % minuteMs) === startMs,
    )
    const { whale_order_count, whale_quote_volume } = fold(ofMinute)
    expect(whale_order_count).toBe(6)
    expect(whale_quote_volume.toFixed(2)).toBe('2015470.90')
    // Not one single fill reaches the floor.
    expect(Math.max(...ofMinute.map(({ price, quantity }) => price * quantity))).toBeLessThan(floor)
  })

  test('every minute equals a naive recomputation: counts and prices exactly, sums to 1e-12', () => {
    for (const [startMs, ofMinute] of minutes) {
      const metrics: Record<string, unknown> = { ...fold(ofMinute) }
      for (const [name, expected] of Object.entries(naiveMetrics(ofMinute, { startMs, sizeMs: minuteMs }, floor))) {
        const relative = name === 'order_flow_imbalance' ? 1 : (expected as number)
        expect(Math.abs((metrics[name] as number) - (expected as number)), name).toBeLessThanOrEqual(relative * 1e-12)
      }
    }
  })
})
