import { describe, expect, test } from 'vitest'
import { recomputeWindows, type Sample } from './jobs.ts'
import { isKept, judgeCopies, judgeWindows, type ReadRecord, type Verdict } from './verdict.ts'

const sample = (sequence: number, timestampMs = sequence * 100, amount = sequence + 1): Sample => ({
  sequence,
  timestampMs,
  amount,
})
const record = <V>(value: V, key = 'a'): ReadRecord<V> => ({ partition: 0, key, value })
const clean = { lost: 0, duplicate: 0, reordered: 0, mismatching: 0 }

describe('copies', () => {
  const written = [0, 1, 2].map((sequence) => record(sample(sequence)))

  test('that are all there, once and in order, are right', () => {
    expect(judgeCopies(written, written)).toEqual(clean)
  })

  test('that are missing, repeated, out of order or different are counted, each in its own way', () => {
    const read = [sample(0), sample(2), sample(2), { ...sample(9), amount: 5 }].map((value) => record(value))
    expect(judgeCopies(written, read)).toEqual({ lost: 1, duplicate: 1, reordered: 0, mismatching: 1 })
    expect(
      judgeCopies(
        written,
        [2, 1, 0].map((n) => record(sample(n))),
      ),
    ).toEqual({ ...clean, reordered: 2 })
  })
})

describe('windows', () => {
  const written = [sample(0, 10), sample(1, 999), sample(2, 1_000)].map((value) => record(value))
  const windows = [...recomputeWindows(written.map(({ key, value }) => [key, value] as const)).values()]

  test('are recomputed from all samples at once', () => {
    expect(windows).toEqual([
      { startMs: 0, count: 2, sum: 3, min: 1, max: 2, sequences: 1 },
      { startMs: 1_000, count: 1, sum: 3, min: 3, max: 3, sequences: 2 },
    ])
  })

  test('that are all there, once and equal, are right', () => {
    expect(
      judgeWindows(
        written,
        windows.map((value) => record(value)),
      ),
    ).toEqual(clean)
  })

  test('that are missing, repeated or different are counted', () => {
    const [first] = windows
    if (first === undefined) throw new Error('no window')
    const read = [first, { ...first, sum: 4 }].map((value) => record(value))
    expect(judgeWindows(written, read)).toEqual({ lost: 1, duplicate: 1, reordered: 0, mismatching: 1 })
  })
})

test('at least once may repeat, exactly once may not; neither may lose', () => {
  const verdict: Verdict = { ...clean, openTransactions: 0 }
  expect(isKept(verdict, 'exactly-once')).toBe(true)
  expect(isKept({ ...verdict, duplicate: 1 }, 'exactly-once')).toBe(false)
  expect(isKept({ ...verdict, duplicate: 1, reordered: 1 }, 'at-least-once')).toBe(true)
  for (const field of ['lost', 'mismatching', 'openTransactions'] as const) {
    expect(isKept({ ...verdict, [field]: 1 }, 'at-least-once')).toBe(false)
  }
})
