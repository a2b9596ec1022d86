import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultDriftPpm, offsetAt, withSample, type ClockBounds, type TimeSample } from './clock-offset.ts'

// `npm run nightly` raises the runs; a failing seed is printed and replays with `seed`.
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

const sample = (sentMs: number, roundTripMs: number, timeMs: number): TimeSample => ({
  sentMs,
  receivedMs: sentMs + roundTripMs,
  timeMs,
  resolutionMs: 1,
})

describe('the offset of the exchange', () => {
  it('is bounded by half of a round trip, and half of the step of its clock', () => {
    const { offsetMs, errorMs } = offsetAt(withSample(undefined, sample(1_000, 40, 2_290)), 1_040)
    expect(offsetMs).toBe(1_270.5)
    expect(errorMs).toBeCloseTo(20.5, 1)
  })

  it('is as good as the shortest round trip, whichever came last', () => {
    const good = withSample(undefined, sample(1_000, 4, 2_272))
    const { errorMs } = offsetAt(withSample(good, sample(1_010, 300, 2_300)), 1_310)
    expect(errorMs).toBeCloseTo(2.5 + (310 * defaultDriftPpm) / 1e6, 6)
  })

  it('becomes less sure with time', () => {
    const bounds = withSample(undefined, sample(0, 2, 1_000))
    expect(offsetAt(bounds, 60_002).errorMs - offsetAt(bounds, 2).errorMs).toBeCloseTo(12, 6)
  })

  it('begins anew where a sample contradicts it: a clock was set', () => {
    const before = withSample(undefined, sample(0, 10, 5_000))
    const after = withSample(before, sample(1_000, 10, 900_000))
    const { offsetMs, errorMs } = offsetAt(after, 1_010)
    expect(offsetMs).toBe(898_995.5)
    expect(errorMs).toBeLessThan(6)
  })

  it('is never further from the truth than it says, however unequal the two ways are and however the clocks drift', () => {
    const step = fc.record({
      pauseMs: fc.double({ min: 0, max: 600_000, noNaN: true }),
      outMs: fc.double({ min: 0, max: 2_000, noNaN: true }),
      backMs: fc.double({ min: 0, max: 2_000, noNaN: true }),
    })
    const world = fc.record({
      aheadMs: fc.double({ min: -1e7, max: 1e7, noNaN: true }),
      driftPpm: fc.double({ min: -defaultDriftPpm * 0.99, max: defaultDriftPpm * 0.99, noNaN: true }),
      resolutionMs: fc.constantFrom(1, 0.001),
      steps: fc.array(step, { minLength: 1, maxLength: 30 }),
    })
    fc.assert(
      fc.property(world, ({ aheadMs, driftPpm, resolutionMs, steps }) => {
        const startMs = 1e8
        const aheadAt = (localMs: number): number => aheadMs + ((localMs - startMs) * driftPpm) / 1e6
        let nowMs = startMs
        let bounds: ClockBounds | undefined
        for (const { pauseMs, outMs, backMs } of steps) {
          const sentMs = nowMs + pauseMs
          const readMs = sentMs + outMs
          const timeMs = Math.floor((readMs + aheadAt(readMs)) / resolutionMs) * resolutionMs
          nowMs = readMs + backMs
          bounds = withSample(bounds, { sentMs, receivedMs: nowMs, timeMs, resolutionMs })
          for (const atMs of [nowMs, nowMs + 30_000]) {
            const { offsetMs, errorMs } = offsetAt(bounds, atMs)
            // Sums of times of this size are rounded.
            expect(Math.abs(offsetMs - aheadAt(atMs))).toBeLessThanOrEqual(errorMs + 1e-3)
          }
        }
      }),
      { numRuns },
    )
  })
})
