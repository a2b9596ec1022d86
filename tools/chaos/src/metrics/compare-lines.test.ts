import { expect, test } from 'vitest'
import { compareLines, isSame } from './compare-lines.ts'

const lines = (orders: Record<string, string[]>) => new Map(Object.entries(orders))
const expected = lines({ 'metrics A 10s': ['1', '2', '3'], 'whales A': ['w'] })

test('the same records in the same orders are the same, wherever the orders stand', () => {
  const found = compareLines(expected, lines({ 'whales A': ['w'], 'metrics A 10s': ['1', '2', '3'] }))
  expect(found).toEqual({ equal: 4, missing: 0, extra: 0, different: 0, examples: [] })
  expect(isSame(found)).toBe(true)
})

test.each([
  ['missing', lines({ 'metrics A 10s': ['1', '2', '3'] }), { missing: 1 }],
  ['too many', lines({ 'metrics A 10s': ['1', '2', '3', '3'], 'whales A': ['w'] }), { extra: 1 }],
  ['in another order', lines({ 'metrics A 10s': ['1', '3', '2'], 'whales A': ['w'] }), { different: 2 }],
  ['of another symbol', lines({ 'metrics B 10s': ['1', '2', '3'], 'whales A': ['w'] }), { missing: 3, extra: 3 }],
])('records that are %s are found, and the first one is named', (_what, actual, counts) => {
  const found = compareLines(expected, actual)
  expect(found).toMatchObject(counts)
  expect(found.examples[0]).toContain(', record ')
  expect(isSame(found)).toBe(false)
})

test('no records at all prove nothing', () => {
  expect(isSame(compareLines(new Map(), new Map()))).toBe(false)
})
