import { partitionForKey } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { closingTrades, evenSymbols, trades } from './trades.ts'

const options = { count: 20_000, symbols: evenSymbols(8, 4), stepMs: 1, seed: 1 }

test('symbols are spread evenly over the partitions', () => {
  const places = options.symbols.map((symbol) => partitionForKey(Buffer.from(symbol), 4)).sort()
  expect(places).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
})

test('the same seed makes the same trades', () => {
  const text = () => JSON.stringify([...trades({ ...options, count: 10 })])
  expect(text()).toBe(text())
})

test('trades of a symbol have contiguous ids, and prices and quantities above zero', () => {
  const next = new Map<string, number>()
  for (const { symbol, trade_id, price, quantity } of trades(options)) {
    expect(trade_id).toBe(next.get(symbol) ?? 0)
    next.set(symbol, trade_id + 1)
    expect(price > 0 && quantity > 0).toBe(true)
  }
})

test('every symbol has a closing trade later than all others', () => {
  let lastMs = 0
  for (const { trade_time_ms } of trades(options)) lastMs = Math.max(lastMs, trade_time_ms)
  const closing = [...closingTrades(options)]
  expect(closing.map(({ symbol }) => symbol)).toEqual(options.symbols)
  expect(closing.every(({ trade_time_ms }) => trade_time_ms > lastMs + 60_000)).toBe(true)
})
