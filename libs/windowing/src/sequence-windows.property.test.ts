import process from 'node:process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inUnits } from './exact-units-fixture.ts'
import { amountOf, END_MS, runOf, sequence, type Run, type Sample } from './laws-fixture.ts'
import { countWindows, volumeWindows, type Windows } from './window.ts'

// SPEC.md names these tests.
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

const amount = fc.oneof(
  fc.double({ min: 0, max: 150, noNaN: true }),
  fc.integer({ min: 0, max: 20 }),
  fc.constantFrom(0.1, 0.2, 0.3, 0.7, 1e-300),
)

/** Records of two keys in order; some ids are missing. */
const ordered = fc
  .array(
    fc.record({ key: fc.constantFrom('a', 'b:1'), amount, waitMs: fc.nat(9), skipped: fc.constantFrom(0, 0, 2) }),
    {
      maxLength: 60,
    },
  )
  .map((steps) => {
    let [id, timestampMs] = [0, 0]
    return steps.map(({ key, amount, waitMs, skipped }): Sample => {
      id += 1 + skipped
      timestampMs += waitMs
      return { id, key, timestampMs, amount }
    })
  })

interface Cut {
  readonly ids: number[]
  /** Of those that begin in it. */
  records: number
}

/** Which ids are in which window of a key, where each takes up its length of a line that is cut at multiples of the size. */
function cuts(records: readonly Sample[], size: bigint, lengthOf: (record: Sample) => bigint): Map<number, Cut> {
  const windows = new Map<number, Cut>()
  const at = (index: bigint) => {
    const cut = windows.get(Number(index)) ?? { ids: [], records: 0 }
    windows.set(Number(index), cut)
    return cut
  }
  let from = 0n
  for (const record of records) {
    const to = from + lengthOf(record)
    at(from / size).records++
    for (let index = from / size; index === from / size || index * size < to; index++) at(index).ids.push(record.id)
    from = to
  }
  return windows
}

/** Expects the windows that are full to be told, and one that is not to be open. */
function expectCut(run: Run, key: string, expected: { readonly all: Map<number, Cut>; readonly full: number }): number {
  const finals = run.all('final').filter((final) => final.key === key)
  const told = finals.map(({ window, result: { ids, records } }) => ({ window, ids, records }))
  expect(told).toMatchObject(
    Array.from({ length: expected.full }, (_, index) => {
      const { ids, records } = expected.all.get(index) as Cut
      return { window: { index, firstSequence: ids[0], lastSequence: ids.at(-1) }, ids, records }
    }),
  )
  return expected.all.size - expected.full
}

function expectAllCut(
  windows: Windows<Sample>,
  records: readonly Sample[],
  { size, lengthOf, sequenced }: { size: bigint; lengthOf: (record: Sample) => bigint; sequenced: boolean },
): Run {
  const run = runOf({ windows, graceMs: 0, mode: 'key', sequenced }, records)
  run.heartbeat(END_MS)
  let open = 0
  for (const key of ['a', 'b:1']) {
    const ofKey = records.filter((record) => record.key === key)
    const total = ofKey.reduce((sum, record) => sum + lengthOf(record), 0n)
    open += expectCut(run, key, { all: cuts(ofKey, size, lengthOf), full: Number(total / size) })
  }
  expect(run.openWindows).toBe(open)
  return run
}

test('1: count windows are cut at multiples of the size, each record in one', () => {
  fc.assert(
    fc.property(ordered, fc.integer({ min: 1, max: 15 }), fc.boolean(), (records, size, sequenced) => {
      const windows = countWindows({ size, sequence })
      expectAllCut(windows, records, { size: BigInt(size), lengthOf: () => 1n, sequenced })
    }),
    { numRuns },
  )
})

test('1: volume windows are cut where the exact sum of the amounts reaches multiples of the size', () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0.5, max: 50, noNaN: true }))
  fc.assert(
    fc.property(ordered, sizes, fc.boolean(), (records, size, sequenced) => {
      const split = (value: Sample, part: number) => ({ ...value, amount: part })
      const windows = volumeWindows({ size, sequence, amountOf, split })
      const lengthOf = (record: Sample) => inUnits(record.amount)
      const run = expectAllCut(windows, records, { size: inUnits(size), lengthOf, sequenced })
      for (const { result } of run.all('final')) expect(Math.abs(result.amount - size)).toBeLessThan(size * 1e-14)
    }),
    { numRuns },
  )
})
