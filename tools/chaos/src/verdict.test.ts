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

describe('a run', () => {
  const state = { stateEntries: 5, differingStates: [] }
  const verdict: Verdict = { ...clean, during: clean, openTransactions: 0, died: [], state }
  const repeating = [
    { ...verdict, duplicate: 1, reordered: 1 },
    { ...verdict, during: { ...clean, duplicate: 1 } },
  ]
  const promises = (['at-least-once', 'exactly-once'] as const).flatMap((guarantee) =>
    (['crash', 'clean'] as const).map((how) => ({ guarantee, how })),
  )

  test.each(promises)(
    'of which nothing is wrong is kept, one that lost or changed something is not: %o',
    (promised) => {
      expect(isKept(verdict, promised)).toBe(true)
      for (const field of ['lost', 'mismatching', 'openTransactions'] as const) {
        expect(isKept({ ...verdict, [field]: 1 }, promised)).toBe(false)
      }
      expect(isKept({ ...verdict, during: { ...clean, lost: 1 } }, promised)).toBe(false)
      expect(isKept({ ...verdict, died: ['instance 0: exit code 1'] }, promised)).toBe(false)
    },
  )

  test('has to keep state exactly once, and the same as one that nothing happened to', () => {
    const wrong = [undefined, { ...state, stateEntries: 0 }, { ...state, differingStates: ['-sums-changelog'] }]
    for (const found of wrong) {
      expect(isKept({ ...verdict, state: found }, { guarantee: 'exactly-once', how: 'crash' })).toBe(false)
    }
    expect(isKept({ ...verdict, state: undefined }, { guarantee: 'at-least-once', how: 'crash' })).toBe(true)
  })

  test('may repeat at least once after a crash, and in no other case', () => {
    for (const promised of promises) {
      const may = promised.guarantee === 'at-least-once' && promised.how === 'crash'
      for (const repeated of repeating) expect(isKept(repeated, promised)).toBe(may)
    }
  })
})
