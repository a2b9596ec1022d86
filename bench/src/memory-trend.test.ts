import { expect, test } from 'vitest'
import { memoryTrend } from './memory-trend.ts'

test('memory that is collected now and then is flat, one that only grows is not', () => {
  const saw = Array.from({ length: 80 }, (_, index) => 100 + (index % 10))
  expect(memoryTrend(saw)).toEqual({ begin: 105, end: 105, peak: 109 })
  const leak = saw.map((megabytes, index) => megabytes + index)
  expect(memoryTrend(leak)).toMatchObject({ begin: 114, end: 174 })
})

test('a run that is too short has no trend', () => {
  expect(() => memoryTrend([1, 2, 3])).toThrow('3 looks')
})
