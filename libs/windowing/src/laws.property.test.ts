import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aggregator } from './aggregator.ts'
import { EventClock } from './event-clock.ts'
import { ExactSum } from './exact-sum.ts'
import { tumbling, windowsFor } from './window.ts'
import { WindowedFold } from './windowed-fold.ts'

// SPEC.md names these tests. `npm run nightly` raises the runs; a failing seed is printed and replays with `seed`.
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

interface Sample {
  readonly id: number
  readonly key: string
  readonly timestampMs: number
  readonly amount: number
}

type Output = {
  readonly kind: 'result' | 'late'
  readonly key: string
  readonly startMs: number
  readonly ids: number[]
  readonly sum: number
}

const aggregator: Aggregator<Sample, { ids: number[]; sum: ExactSum }, { ids: number[]; sum: number }> = {
  init: () => ({ ids: [], sum: new ExactSum() }),
  add(accumulator, { id, amount }) {
    accumulator.ids.push(id)
    accumulator.sum.add(amount)
    return accumulator
  },
  result: ({ ids, sum }) => ({ ids: [...ids].sort((a, b) => a - b), sum: sum.value() }),
}

const shape = fc.record({
  sizeMs: fc.integer({ min: 1, max: 50 }),
  graceMs: fc.nat(40),
  mode: fc.constantFrom('partition' as const, 'key' as const),
})
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never

const samples = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      timestampMs: fc.nat(300),
      amount: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    }),
    { maxLength: 60 },
  )
  .map((records) => records.map((record, id): Sample => ({ ...record, id })))

function runOf({ sizeMs, graceMs, mode }: Shape, records: readonly Sample[], close: boolean) {
  const clock = new EventClock(mode)
  const outputs: Output[] = []
  let current: Sample | undefined
  const windows = tumbling({ sizeMs, graceMs })
  const fold = new WindowedFold({
    windows,
    aggregator,
    clock,
    nowMs: () => 0,
    maxOpenWindows: 1_000,
    output: {
      result: (key, { ids, sum }, { startMs }) => outputs.push({ kind: 'result', key, startMs, ids, sum }),
      late: (key, { startMs }) =>
        outputs.push({ kind: 'late', key, startMs, ids: [current?.id ?? -1], sum: current?.amount ?? 0 }),
    },
  })
  for (const [offset, record] of records.entries()) {
    current = record
    clock.observe(record.key, record.timestampMs)
    fold.add(record.key, record, { timestampMs: record.timestampMs, offset })
  }
  const open = fold.openWindows
  if (close) {
    for (const key of ['a', 'b', 'c']) {
      clock.heartbeat(key, 1_000)
      fold.advance(key)
    }
  }
  return { outputs, open, windows, fold }
}

const sorted = (outputs: readonly Output[]) => outputs.map((output) => JSON.stringify(output)).sort()

describe('the laws of tumbling windows', () => {
  test('1: a record is in the window that windowsFor names, and in no other', () => {
    fc.assert(
      fc.property(shape, samples, (options, records) => {
        const { outputs, windows } = runOf(options, records, true)
        for (const record of records) {
          const [window] = windowsFor(windows, record.timestampMs)
          const holders = outputs.filter(({ ids }) => ids.includes(record.id))
          expect(holders.map(({ key, startMs }) => [key, startMs])).toEqual([[record.key, window?.startMs]])
        }
      }),
      { numRuns },
    )
  })

  test('2: a window emits its final result once, and the watermark never goes back', () => {
    fc.assert(
      fc.property(shape, samples, (options, records) => {
        const finals = runOf(options, records, true).outputs.filter(({ kind }) => kind === 'result')
        const names = finals.map(({ key, startMs }) => `${key} ${startMs}`)
        expect(new Set(names).size).toBe(names.length)
        for (const key of ['a', 'b', 'c']) {
          const starts = finals.filter((final) => final.key === key).map(({ startMs }) => startMs)
          expect(starts).toEqual([...starts].sort((a, b) => a - b))
        }
      }),
      { numRuns },
    )
  })

  test('3: any order of arrival within grace gives bit-identical finals', () => {
    const inGrace = fc.tuple(shape, samples).chain(([options, records]) => {
      const ordered = [...records].sort((a, b) => a.timestampMs - b.timestampMs)
      // Delays below the grace can't put a record behind the watermark of its clock.
      const delay = fc.nat(Math.max(0, options.graceMs))
      const delays = fc.array(delay, { minLength: records.length, maxLength: records.length })
      return fc.tuple(fc.constant(options), fc.constant(ordered), delays)
    })
    fc.assert(
      fc.property(inGrace, ([options, ordered, delays]) => {
        const arrival = ordered
          .map((record, index) => ({ record, atMs: record.timestampMs + (delays[index] ?? 0) }))
          .sort((a, b) => a.atMs - b.atMs)
          .map(({ record }) => record)
        const inOrder = runOf(options, ordered, true).outputs
        expect(inOrder.filter(({ kind }) => kind === 'late')).toEqual([])
        expect(sorted(runOf(options, arrival, true).outputs)).toEqual(sorted(inOrder))
      }),
      { numRuns },
    )
  })

  test('4: every record ends in a result, in an open window or in the late output, once', () => {
    fc.assert(
      fc.property(shape, samples, (options, records) => {
        const before = runOf(options, records, false)
        const after = runOf(options, records, true)
        expect(after.outputs.flatMap(({ ids }) => ids).sort((a, b) => a - b)).toEqual(records.map(({ id }) => id))
        expect(after.outputs.length - before.outputs.length).toBe(before.open)
        expect(after.fold.openWindows).toBe(0)
      }),
      { numRuns },
    )
  })
})

test('a clock restored from a snapshot says the same times', () => {
  const moves = fc.array(fc.record({ key: fc.constantFrom('a', 'b'), timeMs: fc.nat(100), heartbeat: fc.boolean() }))
  fc.assert(
    fc.property(fc.constantFrom('partition' as const, 'key' as const), moves, (mode, steps) => {
      const clock = new EventClock(mode)
      for (const { key, timeMs, heartbeat } of steps) {
        if (heartbeat) clock.heartbeat(key, timeMs)
        else clock.observe(key, timeMs)
      }
      const restored = new EventClock(mode)
      restored.restore(clock.snapshot())
      for (const key of ['a', 'b']) expect(restored.timeOf(key)).toEqual(clock.timeOf(key))
    }),
    { numRuns },
  )
})
