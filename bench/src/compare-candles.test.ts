import { expect, test } from 'vitest'
import { differences, type Candles } from './compare-candles.ts'
import type { Candle } from './jobs/candle.ts'

const candle: Candle = {
  startMs: 0,
  trades: 3,
  firstId: 1,
  lastId: 3,
  whales: 0,
  open: 10,
  high: 12,
  low: 9,
  close: 11,
  base: 6,
  quote: 60,
  vwap: 10,
  buy: 2,
  sell: 4,
  realisedVariance: 1e-6,
}
const side = (over: Partial<Candle> = {}): Candles => new Map([['COIN0USDT 0', { ...candle, ...over }]])

test('sides with the same candles do not differ', () => {
  expect(differences(side(), side())).toEqual([])
})

test('sums may differ by a part in 10^12, and no more', () => {
  expect(differences(side(), side({ realisedVariance: 1e-6 * (1 + 9e-13) }))).toEqual([])
  expect(differences(side(), side({ realisedVariance: 1e-6 * (1 + 2e-12) }))).toEqual([
    expect.stringContaining('realisedVariance'),
  ])
})

test('counts, ids and prices may not differ at all', () => {
  for (const field of ['trades', 'firstId', 'lastId', 'whales', 'open', 'high', 'low', 'close'] as const) {
    const other = side({ [field]: candle[field] + 1e-9 })
    expect(differences(side(), other)).toEqual([expect.stringContaining(field)])
  }
})

test('a candle that one side lacks is named with the side that has it', () => {
  expect(differences(side(), new Map())).toEqual(['COIN0USDT 0: only tidemark has it'])
  expect(differences(new Map(), side())).toEqual(['COIN0USDT 0: only the peer has it'])
})

test('two sides without results are not equal: neither did the job', () => {
  expect(differences(new Map(), new Map())).toEqual(['neither side has a result'])
})

test('a figure that is no number is a difference', () => {
  expect(differences(side({ vwap: NaN }), side({ vwap: NaN }))).toEqual([expect.stringContaining('vwap')])
})
