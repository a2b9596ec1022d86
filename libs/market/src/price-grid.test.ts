import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PriceGrid } from './price-grid.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

type Traded = readonly [timeMs: number, id: number, price: number]

const startMs = 1_723_161_300_000
const sizeMs = 60_000
const trades = fc.uniqueArray(
  fc
    .tuple(fc.nat(sizeMs - 1), fc.nat(1_000), fc.integer({ min: 1, max: 1_000 }))
    .map(([intoMs, id, price]): Traded => [startMs + intoMs, id, price]),
  { selector: ([, id]) => id, maxLength: 60 },
)

function gridOf(all: readonly Traded[], size = sizeMs): PriceGrid {
  const grid = new PriceGrid(size)
  for (const [timeMs, id, price] of all) grid.add(timeMs, id, price)
  return grid
}

/** A price for each of 60 slots: of its highest id, or else that of the slot before; none before the first. */
function definition(all: readonly Traded[]): number[] {
  const prices: number[] = []
  for (let slot = 0; slot < 60; slot++) {
    const inSlot = all.filter(([timeMs]) => Math.floor(((timeMs - startMs) * 60) / sizeMs) === slot)
    const [highest] = inSlot.toSorted(([, a], [, b]) => b - a)
    const price = highest?.[2] ?? prices.at(-1)
    if (price !== undefined) prices.push(price)
  }
  return prices
}

test('a slot has the price of its highest id, or that of the slot before it, in any order of arrival', () => {
  fc.assert(
    fc.property(trades, (all) => {
      expect(gridOf(all).prices()).toEqual(definition(all))
      expect(gridOf(all.toReversed()).prices()).toEqual(definition(all))
    }),
    { numRuns },
  )
})

test('grids of ten seconds make the grid of their minute, and one that went through JSON is as it was', () => {
  fc.assert(
    fc.property(trades, (all) => {
      const minute = new PriceGrid(sizeMs)
      for (const part of Map.groupBy(all, ([timeMs]) => Math.floor(timeMs / 10_000)).values()) {
        minute.merge(PriceGrid.restore(JSON.parse(JSON.stringify(gridOf(part, 10_000).snapshot()))))
      }
      expect(minute.prices()).toEqual(definition(all))
      expect(minute.snapshot()).toEqual(gridOf(all).snapshot())
    }),
    { numRuns },
  )
})
