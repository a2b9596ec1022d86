import { describe, expect, it } from 'vitest'
import { bucketsOf, percentilesBetween } from './prometheus-histogram.ts'

const page = (counts: readonly number[]) =>
  ['0.01', '0.02', '+Inf'].map((le, index) => `taken_seconds_bucket{le="${le}"} ${counts[index]}`).join('\n')

describe('percentiles of a Prometheus histogram', () => {
  it('are of what was counted between two readings, evenly spread within a bucket', () => {
    const before = bucketsOf(`other_bucket{le="0.01"} 7\n${page([100, 100, 100])}`, 'taken_seconds')
    const after = bucketsOf(page([150, 200, 200]), 'taken_seconds')
    expect(percentilesBetween(before, after)).toEqual({
      p50_ms: 10,
      p99_ms: expect.closeTo(19.8) as number,
      p999_ms: expect.closeTo(19.98) as number,
      max_ms: 20,
      results: 100,
    })
  })

  it('are the last bound where values are above it', () => {
    const after = bucketsOf(page([0, 0, 10]), 'taken_seconds')
    expect(percentilesBetween(new Map(), after)).toMatchObject({ p99_ms: 20, max_ms: Infinity, results: 10 })
  })
})
