import { describe, expect, test } from 'vitest'
import { lagOf } from './app-health.ts'

const health = {
  status: 'ok',
  partitions: [
    { topic: 'trades', partition: 0, committed: 7 },
    { topic: 'trades', partition: 2, committed: 5 },
  ],
}

describe('the lag of an app', () => {
  test('is what it still has to commit, over all partitions', () => {
    expect(lagOf(health, 'trades', [10, 0, 5])).toBe(3)
    expect(lagOf(health, 'trades', [7, 0, 5])).toBe(0)
  })

  test('is unknown while a partition with records is not assigned, or the app does not answer', () => {
    expect(lagOf(health, 'trades', [7, 1, 5])).toBeUndefined()
    expect(lagOf(health, 'metrics', [1])).toBeUndefined()
    expect(lagOf(undefined, 'trades', [1])).toBeUndefined()
  })
})
