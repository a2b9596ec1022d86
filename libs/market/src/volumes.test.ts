import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Volumes } from './volumes.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

type Traded = readonly [isBuy: boolean, base: number, quote: number]

const amount = fc.oneof(fc.double({ min: 1e-8, max: 1e9, noNaN: true }), fc.constantFrom(0.1, 0.2, 1e16))
const trades = fc.array(fc.tuple(fc.boolean(), amount, amount), { maxLength: 30 })

function volumesOf(all: readonly Traded[]): Volumes {
  const volumes = new Volumes()
  for (const [isBuy, base, quote] of all) volumes.add(isBuy, base, quote)
  return volumes
}

test('amounts are told by side and together, with their ratios', () => {
  const volumes = volumesOf([
    [true, 3, 300],
    [false, 1, 110],
    [true, 1, 90],
  ])
  expect(volumes.totals()).toEqual({
    ...{ base_volume: 5, quote_volume: 500, vwap: 100 },
    ...{ buy_base_volume: 4, sell_base_volume: 1, buy_quote_volume: 390, sell_quote_volume: 110 },
    ...{ buy_sell_ratio: 4, order_flow_imbalance: 0.56 },
  })
  expect(volumes.maxTradeQuote).toBe(300)
})

test('the whole is rounded once: it is not the sum of two sides that were rounded', () => {
  const { base_volume, buy_base_volume, sell_base_volume } = volumesOf([
    [true, 2 ** 53, 1],
    [true, 1, 1],
    [false, 1, 1],
  ]).totals()
  expect([buy_base_volume, sell_base_volume, base_volume]).toEqual([2 ** 53, 1, 2 ** 53 + 2])
})

test('sums are the same to the last bit for any order, for merged parts, and through JSON', () => {
  fc.assert(
    fc.property(trades, fc.nat(30), (all, at) => {
      const whole = volumesOf(all)
      const merged = volumesOf(all.slice(at))
      merged.merge(Volumes.restore(JSON.parse(JSON.stringify(volumesOf(all.slice(0, at)).snapshot()))))
      for (const other of [volumesOf(all.toReversed()), merged]) {
        expect(other.totals()).toStrictEqual(whole.totals())
        expect(other.maxTradeQuote).toBe(whole.maxTradeQuote)
        expect(other.snapshot()).toStrictEqual(whole.snapshot())
      }
    }),
    { numRuns },
  )
})
