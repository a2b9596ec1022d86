import { expect, test } from 'vitest'
import { marketLogs, type MarketEntry } from './market-logs.ts'

const graceMs = 2_000
const { ordered, shuffled } = marketLogs({
  symbols: ['BTCUSDT', 'ETHUSDT'],
  tradesOfEach: 20_000,
  durationMs: 1_800_000,
  graceMs,
  seed: 7,
})
const names = (entries: readonly MarketEntry[]) => entries.map((entry) => JSON.stringify(entry))

test('both logs hold the same, in very different orders', () => {
  expect(names(shuffled).toSorted()).toEqual(names(ordered).toSorted())
  const moved = names(ordered).filter((name, index) => name !== names(shuffled.slice(index, index + 1))[0])
  expect(moved.length).toBeGreaterThan(0.9 * ordered.length)
})

/** Trades that come after their grace, or behind a heartbeat that says that all before it is there. */
function lateIn(log: readonly MarketEntry[]): string[] {
  const watermarks = new Map<string, number>()
  return log.flatMap((entry) => {
    const watermarkMs = watermarks.get(entry.symbol) ?? -Infinity
    const passedMs = entry.kind === 'trade' ? entry.trade.trade_time_ms - graceMs : entry.watermarkMs
    watermarks.set(entry.symbol, Math.max(watermarkMs, passedMs))
    return entry.kind === 'trade' && entry.trade.trade_time_ms < watermarkMs ? [JSON.stringify(entry)] : []
  })
}

test('the same few trades are late in both', () => {
  const late = lateIn(ordered)
  expect(late.length).toBeGreaterThan(3)
  expect(late.length).toBeLessThan(100)
  expect(lateIn(shuffled)).toEqual(late)
})
