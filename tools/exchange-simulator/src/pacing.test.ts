import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dueAtMs, dueUntil } from './pacing.ts'
import type { Pace } from './pacing.ts'
import type { SourceFrame } from './source-frame.ts'

const at = (receivedAtUs: number): SourceFrame => ({
  stream: 's',
  bytes: Buffer.alloc(0),
  dataStart: 0,
  receivedAtUs,
  binary: false,
})
const pace = (speed: Pace['speed']): Pace => ({ speed, firstReceivedAtUs: 5_000_000, startedAtMs: 100 })

describe('the pace of a replay', () => {
  it('divides the recorded distances by the speed', () => {
    expect(dueAtMs(pace(1), 5_000_000)).toBe(100)
    expect(dueAtMs(pace(1), 7_000_000)).toBe(2100)
    expect(dueAtMs(pace(4), 7_000_000)).toBe(600)
    expect(dueAtMs(pace(0.5), 7_000_000)).toBe(4100)
  })

  it('has everything due at once at max', () => {
    expect(dueUntil(pace('max'), [at(5e6), at(9e9)], { from: 0, nowMs: 100 })).toBe(2)
  })

  it('lets a frame go at its time, not a moment before', () => {
    const frames = [at(5_000_000), at(5_010_000), at(5_010_000), at(5_020_000)]
    expect(dueUntil(pace(1), frames, { from: 0, nowMs: 109.99 })).toBe(1)
    expect(dueUntil(pace(1), frames, { from: 1, nowMs: 110 })).toBe(3)
    expect(dueUntil(pace(1), frames, { from: 3, nowMs: 110 })).toBe(3)
  })

  it('never lets a frame overtake one recorded before it, whatever the receive times', () => {
    const times = fc.array(fc.integer({ min: 5_000_000, max: 6_000_000 }), { minLength: 1 })
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 0, max: 1200 }),
        fc.double({ min: 0.1, max: 100, noNaN: true }),
        (us, nowMs, speed) => {
          const frames = us.map(at)
          const until = dueUntil(pace(speed), frames, { from: 0, nowMs })
          for (const frame of frames.slice(0, until))
            expect(dueAtMs(pace(speed), frame.receivedAtUs)).toBeLessThanOrEqual(nowMs)
          const next = frames[until]
          if (next !== undefined) expect(dueAtMs(pace(speed), next.receivedAtUs)).toBeGreaterThan(nowMs)
        },
      ),
    )
  })
})
