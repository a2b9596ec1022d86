import { describe, expect, test } from 'vitest'
import { isKept, judge, type Named, type Verdict } from './verdict.ts'

const result = (id: number, amount = id + 1, line = 'a'): Named<object> => ({
  name: `${line} ${id}`,
  line,
  value: { id, amount },
})
const clean = { lost: 0, duplicate: 0, reordered: 0, mismatching: 0 }

describe('results', () => {
  const expected = [result(0), result(1), result(2), result(0, 9, 'b')]

  test('that are all there, once and in the order of their lines, are right', () => {
    expect(judge(expected, expected)).toEqual(clean)
    expect(judge(expected, [result(0, 9, 'b'), ...expected.slice(0, 3)])).toEqual(clean)
  })

  test('that are missing, repeated, out of order, different or of nothing are counted, each in its own way', () => {
    const read = [result(0), result(2), result(2), result(7), result(0, 8, 'b')]
    expect(judge(expected, read)).toEqual({ lost: 1, duplicate: 1, reordered: 0, mismatching: 2 })
    expect(judge(expected.slice(0, 3), [result(2), result(1), result(0)])).toEqual({ ...clean, reordered: 2 })
  })
})

test('at least once may repeat, exactly once may not; neither may lose', () => {
  const verdict: Verdict = { ...clean, during: clean, openTransactions: 0 }
  expect(isKept(verdict, 'exactly-once')).toBe(true)
  expect(isKept({ ...verdict, duplicate: 1 }, 'exactly-once')).toBe(false)
  expect(isKept({ ...verdict, duplicate: 1, reordered: 1 }, 'at-least-once')).toBe(true)
  for (const field of ['lost', 'mismatching', 'openTransactions'] as const) {
    expect(isKept({ ...verdict, [field]: 1 }, 'at-least-once')).toBe(false)
  }
  expect(isKept({ ...verdict, during: { ...clean, duplicate: 1 } }, 'exactly-once')).toBe(false)
  expect(isKept({ ...verdict, during: { ...clean, duplicate: 1 } }, 'at-least-once')).toBe(true)
  expect(isKept({ ...verdict, during: { ...clean, lost: 1 } }, 'at-least-once')).toBe(false)
})
