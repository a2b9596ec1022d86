import { count, EventClock, KeyedProcess, sum, tumbling, WindowedFold, type Aggregator } from '@tidemark/windowing'
import type { SizeOf, StateSize } from './state-sizes.ts'

/** Enough for tables of keys to have their size. */
const ENTRIES = 100_000

const output = { result: () => undefined, late: () => undefined }
const keyOf = (seed: number) => `customer-${seed}`

/** What entries of state take that have as little in them as any, each of a key of its own. What a user keeps in one comes on top. */
export function entrySizes(sizeOf: SizeOf): StateSize[] {
  return [
    clockSize(sizeOf),
    windowSize(sizeOf, 'count', count()),
    windowSize(sizeOf, 'sum', sumOfSeeds),
    processSize(sizeOf),
  ]
}

const sumOfSeeds = sum((seed: number) => seed / 100)

function clockSize(sizeOf: SizeOf): StateSize {
  const clock = new EventClock('key')
  return sizeOf('clock of a key', ENTRIES, (seed) => {
    clock.observe(keyOf(seed), 1)
    return { data: clock.changes()[0] }
  })
}

function windowSize<A, R>(sizeOf: SizeOf, name: string, aggregator: Aggregator<number, A, R>): StateSize {
  const clock = new EventClock('partition')
  const windows = tumbling({ sizeMs: 60_000, graceMs: 0 })
  const parts = { clock, windows, aggregator, output, nowMs: () => 0, maxOpenWindows: Infinity, changelog: true }
  const fold = new WindowedFold<number, A, R>(parts)
  return sizeOf(`a key's only open window, ${name}`, ENTRIES, (seed) => {
    fold.add(keyOf(seed), seed, { timestampMs: 1, offset: 0 })
    return { data: [...fold.changes()][0] }
  })
}

function processSize(sizeOf: SizeOf): StateSize {
  const process = new KeyedProcess<number, { last: number }, never>({
    name: 'sizes',
    steps: {
      init: () => ({ last: 0 }),
      onRecord: (seed, context) => {
        context.state.last = seed
      },
      maxKeys: Infinity,
    },
    keyOf: (name) => name,
    clock: new EventClock('partition'),
    forward: () => undefined,
    changelog: true,
  })
  return sizeOf('state of a process, { last }', ENTRIES, (seed) => {
    process.add(keyOf(seed), seed, 1)
    return { data: [...process.changes()][0] }
  })
}
