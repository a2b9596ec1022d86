import process from 'node:process'
import { jsonCodec, stream, topology, type Codec, type Stream, type Topology } from '@tidemark/streams'
import { sum, tumbling } from '@tidemark/windowing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

interface Item {
  readonly atMs: number
  readonly value: number
}

/** A stream, and what is in it of all items. */
interface Known {
  readonly stream: Stream<Item>
  readonly items: readonly Item[]
}

/** Each of them takes streams that are there already, by their numbers. */
type Step =
  | { readonly kind: 'branch'; readonly of: number; readonly modulus: number }
  | { readonly kind: 'merge'; readonly of: number; readonly others: readonly number[] }
  | { readonly kind: 'map' | 'filter'; readonly of: number }

/** Whether a stream ends in a topic, as it is and as sums of windows. */
interface Use {
  readonly items: boolean
  readonly sums: boolean
}

const codec = jsonCodec<Item>(() => undefined)
const numbers = jsonCodec<number>(() => undefined)
const tens = tumbling({ sizeMs: 10, graceMs: 0 })
const END_MS = 1_000
const number = fc.nat({ max: 30 })

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('branch'), of: number, modulus: fc.integer({ min: 2, max: 4 }) }),
    fc.record({ kind: fc.constant('merge'), of: number, others: fc.array(number, { minLength: 1, maxLength: 3 }) }),
    fc.record({ kind: fc.constantFrom('map', 'filter'), of: number }),
  ),
  { minLength: 1, maxLength: 6 },
)

const items: fc.Arbitrary<Item[]> = fc
  .array(fc.record({ atMs: fc.nat({ max: 60 }), value: fc.nat({ max: 99 }) }), { minLength: 1, maxLength: 12 })
  .map((unordered) => unordered.sort((a, b) => a.atMs - b.atMs))

const uses: fc.Arbitrary<Use[]> = fc.array(fc.record({ items: fc.boolean(), sums: fc.boolean() }), {
  minLength: 1,
  maxLength: 6,
})

const isHigh = ({ value }: Item) => value > 30
const halved = ({ atMs, value }: Item): Item => ({ atMs, value: Math.floor(value / 2) })

function behind(step: Step, known: readonly Known[]): Known[] {
  const pick = (of: number) => known[of % known.length]!
  const from = pick(step.of)
  switch (step.kind) {
    case 'map':
      return [{ stream: from.stream.map(halved), items: from.items.map(halved) }]
    case 'filter':
      return [{ stream: from.stream.filter(isHigh), items: from.items.filter(isHigh) }]
    case 'branch': {
      const rest = (left: number) => (item: Item) => item.value % step.modulus === left
      const { none, one, rest: others } = from.stream.branch({ none: rest(0), one: rest(1) })
      return [
        { stream: none, items: from.items.filter(rest(0)) },
        { stream: one, items: from.items.filter(rest(1)) },
        { stream: others, items: from.items.filter((item) => !rest(0)(item) && !rest(1)(item)) },
      ]
    }
    case 'merge': {
      const [other, ...more] = [...new Set(step.others.map(pick))].filter((candidate) => candidate !== from)
      if (other === undefined) return []
      const merged = from.stream.merge(other.stream, ...more.map(({ stream: one }) => one))
      return [{ stream: merged, items: [from, other, ...more].flatMap((one) => one.items) }]
    }
  }
}

/** The last stream ends in a topic, and of the others those that are to. */
function endsOf(known: readonly Known[], uses: readonly Use[]): Topology {
  const ends = known.map(({ stream: one }, at) => {
    const use = useOf(at, known, uses)
    const items = one.to(`items-${at}`, codec)
    const sums = one
      .groupByKey()
      .window(tens)
      .aggregate(
        sum(({ value }: Item) => value),
        { emit: 'on-close', late: 'late' },
      )
      .to(`sums-${at}`, numbers)
    return topology(...(use.items ? [items] : []), ...(use.sums ? [sums] : []))
  })
  return topology(...ends)
}

function useOf(at: number, known: readonly Known[], uses: readonly Use[]): Use {
  return at === known.length - 1 ? { items: true, sums: false } : uses[at % uses.length]!
}

function sumsOf(of: readonly Item[]): number[] {
  const sums = new Map<number, number>()
  for (const { atMs, value } of of) {
    const window = Math.floor(atMs / 10)
    sums.set(window, (sums.get(window) ?? 0) + value)
  }
  return [...sums].sort(([a], [b]) => a - b).map(([, total]) => total)
}

const sorted = (of: readonly Item[]) => [...of].sort((a, b) => a.atMs - b.atMs || a.value - b.value)

test('whatever is branched and merged has each record as often as ways lead there, and none of them late', async () => {
  await fc.assert(
    fc.asyncProperty(steps, uses, items, async (plan, used, input) => {
      const source = stream('in', codec, { timestampMs: ({ atMs }) => atMs })
      const known: Known[] = [{ stream: source, items: input }]
      for (const step of plan) known.push(...behind(step, known))
      const driver = new TopologyTestDriver(endsOf(known, used))
      await driver.input('in', codec).pipeAll(input.map((item) => ['ada', item] as const))
      await driver.input('in', codec).heartbeat('ada', END_MS)
      for (const [at, one] of known.entries()) {
        const use = useOf(at, known, used)
        const read = <T>(topic: string, of: Codec<T>) => driver.read(`${topic}-${at}`, of).map(({ value }) => value)
        if (use.items) expect(sorted(read('items', codec))).toEqual(sorted(one.items))
        if (!use.sums) continue
        expect(read('sums', numbers)).toEqual(sumsOf(one.items))
        expect(driver.readBytes('late')).toEqual([])
      }
      await driver.close()
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100) },
  )
})
