import { describe, expect, it } from 'vitest'
import { reconnectDelay } from './reconnect-delay.ts'

const policy = { reconnectDelayMs: 5_000, maxReconnectDelayMs: 60_000 }

describe('the delay before connecting again', () => {
  it('doubles with each failure in a row and stops growing at its cap', () => {
    const delays = [0, 1, 2, 3, 4, 5, 2_000].map((failures) => reconnectDelay(failures, policy, 0))
    expect(delays).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000])
  })

  it('is shortened by up to a quarter at random, at the cap too', () => {
    expect(reconnectDelay(0, policy, 0.5)).toBe(4_375)
    expect(reconnectDelay(9, policy, 0.999999)).toBeCloseTo(45_000, 0)
  })
})
