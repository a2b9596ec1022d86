import { quantiles, volumeWindows } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { jsonCodec } from './json-codec.ts'
import { stream } from './stream.ts'
import { table } from './table.ts'

const numbers = jsonCodec<number>(() => undefined)
const grouped = stream('numbers', numbers, { timestampMs: (value) => value }).groupByKey()

test.each([
  [{ graceMs: NaN }, 'graceMs must be a whole number of milliseconds from 0 on, got NaN'],
  [{ graceMs: -50 }, 'graceMs must be a whole number of milliseconds from 0 on, got -50'],
  [{ graceMs: 1.5 }, 'graceMs must be a whole number of milliseconds from 0 on, got 1.5'],
  [{ maxHeld: NaN }, 'maxHeld must be a positive whole number, got NaN'],
  [{ maxKeys: NaN }, 'maxKeys must be a positive whole number, got NaN'],
  [{ maxHoles: 0 }, 'maxHoles must be a positive whole number, got 0'],
  [{ firstSequence: NaN }, 'firstSequence must be a whole number, got NaN'],
  [{ firstSequence: 1.5 }, 'firstSequence must be a whole number, got 1.5'],
])('a sequence with %o is refused where it is made, by the name of its step', (options, message) => {
  const all = { name: 'trades', sequence: (value: number) => value, graceMs: 10, maxHeld: 3, ...options }
  expect(() => grouped.inSequence(all)).toThrow(new RangeError(`trades: ${message}`))
})

test('a sequence without its limit is refused', () => {
  // @ts-expect-error it has no default
  expect(() => grouped.inSequence({ sequence: (value) => value, graceMs: 0 })).toThrow('maxHeld must be a positive')
})

test.each([
  [{ maxKeys: NaN }, 'process sums: maxKeys must be a positive whole number, got NaN'],
  [
    { timers: { graceMs: NaN, onTimer() {} } },
    'process sums: timers: graceMs must be a whole number of milliseconds from 0 on, got NaN',
  ],
  [
    { timers: { graceMs: undefined as unknown as number, onTimer() {} } },
    'process sums: timers: graceMs must be a whole number of milliseconds from 0 on, got undefined',
  ],
  [
    { timers: { graceMs: 0, maxPerKey: NaN, onTimer() {} } },
    'process sums: timers: maxPerKey must be a positive whole number, got NaN',
  ],
])('a process with %o is refused where it is made, by its name', (options, message) => {
  const steps = { name: 'sums', init: () => 0, onRecord: () => undefined, ...options }
  expect(() => grouped.process(steps)).toThrow(new RangeError(message))
})

test('a table, a window and an aggregator refuse a limit that is none', () => {
  expect(() => table('names', numbers, { maxKeys: NaN })).toThrow(
    'table names: maxKeys must be a positive whole number',
  )
  const volume = { size: 1, amountOf: Number, sequence: Number, split: (value: number) => value }
  expect(() => volumeWindows({ ...volume, maxWindowsPerRecord: NaN })).toThrow(
    'volume window: maxWindowsPerRecord must be a positive whole number, got NaN',
  )
  for (const relativeAccuracy of [NaN, 0, 1, 2]) {
    expect(() => quantiles({ of: Number, at: [0.5], relativeAccuracy })).toThrow(
      `quantiles: relativeAccuracy must be above 0 and below 1, got ${relativeAccuracy}`,
    )
  }
  expect(() => quantiles({ of: Number, at: [0.5], relativeAccuracy: 0.1, minMagnitude: NaN })).toThrow('got NaN and')
})
