import type { MarketMetrics } from '@tidemark/schemas'
import { expect, test } from 'vitest'
import { idMarks, jumpMarks } from './window-marks.ts'

const window = (index: number, over: Partial<MarketMetrics> = {}) =>
  ({
    ...{ window_start_ms: index * 10_000, open: 100, close: 100 + (index % 3) / 10, trade_count: 9, missing_trades: 0 },
    ...{ complete: true, ...over },
  }) as MarketMetrics

test('a return is a jump where it lies outside of what is drawn', () => {
  const marks = jumpMarks([...Array.from({ length: 40 }, (_, index) => window(index)), window(40, { close: 110 })])
  expect(marks.slice(0, 20).every(({ lowest, highest }) => lowest === null && highest === null)).toBe(true)
  for (const { jump, lowest, highest, flagged } of marks.slice(20)) {
    expect(flagged).toBe(jump <= (lowest ?? NaN) || jump >= (highest ?? NaN))
  }
  expect(marks.map(({ flagged }) => flagged).indexOf(true)).toBe(40)
})

test('what is missing stands beside what was seen', () => {
  expect(idMarks([window(0), window(1, { missing_trades: 4, complete: false })])).toEqual([
    { window_start_ms: 0, kind: 'complete', ids: 9 },
    { window_start_ms: 0, kind: 'missing', ids: 0 },
    { window_start_ms: 10_000, kind: 'not complete', ids: 9 },
    { window_start_ms: 10_000, kind: 'missing', ids: 4 },
  ])
})
