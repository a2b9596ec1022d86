import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HistoryTrade } from './candle.ts'
import { productText, toUnits, unitsText } from './decimal-units.ts'
import { SymbolHistory } from './symbol-history.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

function append(history: SymbolHistory, tradeId: number, tradeTimeMs = tradeId): void {
  history.append({ symbol: 'BTCUSDT', tradeId, price: `${tradeId}.5`, quantity: '2', tradeTimeMs, isBuyerMaker: false })
}

function kept({ trades }: SymbolHistory): readonly HistoryTrade[] {
  return Array.from({ length: trades.length }, (_, place) => trades.at(place) as HistoryTrade)
}

describe('the history of a symbol', () => {
  it('keeps the newest trades, each once and by id, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 900 }), (ids) => {
        const history = new SymbolHistory('BTCUSDT', { maxTrades: 300, maxMinutes: 10 })
        for (const id of ids) append(history, id)
        const distinct = [...new Set(ids)].sort((a, b) => a - b)
        expect(history.ids.count).toBe(distinct.length)
        expect(history.last?.id).toBe(distinct.at(-1))
        const keptIds = kept(history).map(({ id }) => id)
        expect(keptIds).toHaveLength(Math.min(300, distinct.length))
        expect(keptIds).toEqual([...new Set(keptIds)].sort((a, b) => a - b))
        if (distinct.length <= 300) expect(keptIds).toEqual(distinct)
        for (const { id, price } of kept(history)) expect(unitsText(price)).toBe(`${id}.50000000`)
      }),
      { numRuns },
    )
  })

  it('finds places by id and by time', () => {
    const history = new SymbolHistory('BTCUSDT', { maxTrades: 300, maxMinutes: 10 })
    for (let id = 1; id <= 1000; id += 1) append(history, id * 2)
    expect(history.trades.at(0)?.id).toBe(1402)
    expect(history.trades.placeOfId(1405)).toBe(2)
    expect(history.trades.placeOfTime(1405)).toBe(2)
    expect(history.trades.placeOfId(3000)).toBe(300)
    expect(history.trades.at(300)).toBeUndefined()
  })

  it('has a candle for each minute with trades', () => {
    const history = new SymbolHistory('BTCUSDT', { maxTrades: 10, maxMinutes: 2 })
    for (const [id, timeMs] of [
      [1, 0],
      [3, 59_999],
      [2, 30_000],
      [4, 120_000],
    ] as const)
      append(history, id, timeMs)
    expect(history.minutes).toMatchObject([
      { openMs: 0, count: 3, firstId: 1, lastId: 3, open: toUnits('1.5'), close: toUnits('3.5') },
      { openMs: 120_000, count: 1 },
    ])
    append(history, 5, 180_000)
    expect(history.minutes.map(({ openMs }) => openMs)).toEqual([120_000, 180_000])
  })
})

it('decimals keep all their digits', () => {
  expect(unitsText(toUnits('61837.63000001'))).toBe('61837.63000001')
  expect(unitsText(toUnits('3'))).toBe('3.00000000')
  expect(unitsText(-5n)).toBe('-0.00000005')
  expect(productText(toUnits('61837.63') * toUnits('0.02'))).toBe('1236.75260000')
})
