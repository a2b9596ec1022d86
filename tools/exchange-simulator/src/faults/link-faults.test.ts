import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../seeded-random.ts'
import { tradeFrame } from '../simulated-trade.ts'
import type { SourceFrame } from '../source-frame.ts'
import type { LinkFault } from './fault.ts'
import { LinkFaults } from './link-faults.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

function frame(tradeId: number, symbol = 'BTCUSDT'): SourceFrame {
  const times = { tradeTimeMs: tradeId, eventTimeMs: tradeId }
  return tradeFrame({ symbol, tradeId, price: '61837.63000000', quantity: '0.02000000', ...times, isBuyerMaker: true })
}

function setUp(...faults: readonly (Pick<LinkFault, 'do' | 'count'> & { symbols?: string[] })[]): LinkFaults {
  const link = new LinkFaults(seededRandom(1, 'test'))
  for (const fault of faults) link.add({ connections: 'all', symbols: undefined, ...fault })
  return link
}

const frames = (count: number) => Array.from({ length: count }, (_, index) => frame(index))
const ids = (passed: readonly SourceFrame[]) => passed.map(({ receivedAtUs }) => receivedAtUs / 1000)

describe('a connection with faults', () => {
  it('passes all on where nothing is wrong', () => {
    const sent = frames(3)
    expect(setUp().pass(sent)).toBe(sent)
  })

  it('loses so many trades, and those after them no more', () => {
    const link = setUp({ do: 'lose', count: 3 })
    expect(ids(link.pass(frames(2)))).toEqual([])
    expect(ids(link.pass(frames(3)))).toEqual([1, 2])
  })

  it('loses trades of some symbols only', () => {
    const link = setUp({ do: 'lose', count: 2, symbols: ['ETHUSDT'] })
    expect(ids(link.pass([frame(1), frame(2, 'ETHUSDT'), frame(3)]))).toEqual([1, 3])
  })

  it('loses trades that come after it has begun, not those that are still held back to be shuffled', () => {
    const link = setUp({ do: 'reorder', count: 3 })
    link.pass([frame(1), frame(2)])
    link.add({ do: 'lose', count: 2, connections: 'all', symbols: undefined })
    expect(ids(link.pass([frame(3), frame(4), frame(5)])).toSorted((a, b) => a - b)).toEqual([1, 2, 5])
  })

  it('sends trades twice', () => {
    expect(ids(setUp({ do: 'duplicate', count: 2 }).pass(frames(3)))).toEqual([0, 0, 1, 1, 2])
  })

  it('sends trades in another order, once it has all that it shuffles', () => {
    const link = setUp({ do: 'reorder', count: 20 })
    expect(ids(link.pass(frames(10)))).toEqual([])
    const shuffled = ids(link.pass(frames(12).map((_, index) => frame(10 + index))))
    expect(shuffled).not.toEqual(Array.from({ length: 22 }, (_, index) => index))
    expect(shuffled.slice(0, 20).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index))
    expect(shuffled.slice(20)).toEqual([20, 21])
  })

  it('gives back what it holds when no more comes', () => {
    const link = setUp({ do: 'reorder', count: 20 })
    link.pass(frames(3))
    expect(ids(link.flush()).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
    expect(link.flush()).toEqual([])
    expect(ids(link.pass(frames(2)))).toEqual([0, 1])
  })

  it('leaves frames that are no trades alone', () => {
    const other: SourceFrame = { ...frame(1), stream: 'btcusdt@aggTrade' }
    const malformed: SourceFrame = { ...frame(2), stream: null }
    expect(setUp({ do: 'lose', count: 9 }).pass([other, malformed])).toEqual([other, malformed])
  })

  it('makes of a trade what nobody can take for one, of the same size', () => {
    const link = setUp({ do: 'corrupt', count: 10_000 })
    const kinds = new Set<string>()
    const sent = frames(200)
    for (const [index, { bytes }] of link.pass(sent).entries()) {
      expect(bytes).toHaveLength(sent[index]?.bytes.length ?? 0)
      kinds.add(kindOf(bytes.toString()))
    }
    expect([...kinds].sort()).toEqual(['no id', 'no price', 'not JSON'])
  })

  it('loses nothing but what it is told to lose, however faults come together', () => {
    const fault = fc.record({
      do: fc.constantFrom('duplicate' as const, 'reorder' as const),
      count: fc.integer({ min: 1, max: 30 }),
    })
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 5 }), fc.array(fc.integer({ min: 0, max: 9 })), (faults, sizes) => {
        const link = setUp(...faults)
        const passed: number[] = []
        let next = 0
        for (const size of sizes) {
          passed.push(...ids(link.pass(Array.from({ length: size }, (_, index) => frame(next + index)))))
          next += size
        }
        passed.push(...ids(link.flush()))
        expect(new Set(passed)).toEqual(new Set(Array.from({ length: next }, (_, id) => id)))
      }),
      { numRuns },
    )
  })
})

function kindOf(text: string): string {
  try {
    const { data } = JSON.parse(text) as { data: { t?: number; p: string } }
    if (data.t === undefined) return 'no id'
    return Number.isNaN(Number(data.p)) ? 'no price' : 'a trade'
  } catch {
    return 'not JSON'
  }
}
