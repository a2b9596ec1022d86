import { expect, it } from 'vitest'
import { UnreadLag } from './unread-lag.ts'

it('reading falls behind by as long as it is paused, over several pauses too, and catches up by as long as it goes on', () => {
  const lag = new UnreadLag(1_000)
  expect(lag.lagMs(5_000)).toBe(0)
  lag.pause(5_000)
  expect(lag.lagMs(5_300)).toBe(300)
  lag.readOn(5_300)
  lag.pause(5_400)
  expect(lag.lagMs(5_700)).toBe(500)
  lag.readOn(5_700)
  expect([6_100, 6_200, 9_000].map((nowMs) => lag.lagMs(nowMs))).toEqual([100, 0, 0])
})
