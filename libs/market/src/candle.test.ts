import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Candle } from './candle.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

type Traded = readonly [id: number, price: number]

const trades = fc.uniqueArray(fc.tuple(fc.nat(1_000), fc.double({ min: 1e-8, max: 1e6, noNaN: true })), {
  selector: ([id]) => id,
  maxLength: 30,
})

function candleOf(all: readonly Traded[]): Candle {
  const candle = new Candle()
  for (const [id, price] of all) candle.add(id, price)
  return candle
}

test('a candle opens with the lowest id and closes with the highest, in any order of arrival', () => {
  fc.assert(
    fc.property(trades, fc.nat(30), (all, at) => {
      const sorted = all.toSorted(([a], [b]) => a - b)
      const prices = sorted.map(([, price]) => price)
      const turned = [...all.slice(at), ...all.slice(0, at)]
      expect(candleOf(turned)).toMatchObject({
        ...{ firstId: sorted[0]?.[0] ?? Infinity, lastId: sorted.at(-1)?.[0] ?? -Infinity },
        ...{ open: prices[0] ?? NaN, close: prices.at(-1) ?? NaN },
        ...{ high: Math.max(...prices), low: Math.min(...prices) },
      })
    }),
    { numRuns },
  )
})

test('two parts of a candle make the whole, and one that went through JSON is as it was', () => {
  fc.assert(
    fc.property(trades, fc.nat(30), (all, at) => {
      const merged = candleOf(all.slice(0, at))
      merged.merge(Candle.restore(JSON.parse(JSON.stringify(candleOf(all.slice(at)).snapshot()))))
      expect(merged).toEqual(candleOf(all))
    }),
    { numRuns },
  )
})
