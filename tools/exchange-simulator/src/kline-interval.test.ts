import fc from 'fast-check'
import { expect, it } from 'vitest'
import { intervalMs, KLINE_INTERVALS, spanAt, timeZoneOffsetMs } from './kline-interval.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

it('every time is in the span of its candle, and spans follow each other without gaps', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), fc.constantFrom(...KLINE_INTERVALS), (timeMs, interval) => {
      const { openMs, endMs } = spanAt(interval, timeMs)
      expect(openMs <= timeMs && timeMs < endMs).toBe(true)
      expect(endMs - openMs).toBeLessThanOrEqual(intervalMs(interval))
      expect(spanAt(interval, endMs).openMs).toBe(endMs)
    }),
    { numRuns },
  )
})

it('weeks open on Monday, months on their first, at the midnight of the time zone', () => {
  const utc = (text: string) => Date.parse(`${text}Z`)
  expect(spanAt('1w', utc('2026-11-21T12:00')).openMs).toBe(utc('2026-11-16T00:00'))
  expect(spanAt('1M', utc('2026-02-21T12:00'))).toEqual({
    openMs: utc('2026-02-01T00:00'),
    endMs: utc('2026-03-01T00:00'),
  })
  expect(spanAt('1d', utc('2026-11-21T17:00'), 8 * 3_600_000).openMs).toBe(utc('2026-11-21T16:00'))
})

it('time zones are hours, with or without minutes, from -12:00 to +14:00', () => {
  expect(timeZoneOffsetMs('8')).toBe(8 * 3_600_000)
  expect(timeZoneOffsetMs('-1:30')).toBe(-5_400_000)
  expect(timeZoneOffsetMs('05:45')).toBe(20_700_000)
  for (const bad of ['15', '-13', 'UTC', '', '1:99']) expect(timeZoneOffsetMs(bad)).toBeUndefined()
})
