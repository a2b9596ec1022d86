import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tumbling, windowsFor, windowStartMs } from './window.ts'

describe('tumbling windows', () => {
  const anyTime = fc.integer({ min: -4e15, max: 4e15 })
  const anySize = fc.integer({ min: 1, max: 86_400_000 })

  test('hold a timestamp in exactly one window, aligned to the epoch', () => {
    fc.assert(
      fc.property(anyTime, anySize, (timestampMs, sizeMs) => {
        const windows = tumbling({ sizeMs, graceMs: 0 })
        const [window, ...others] = windowsFor(windows, timestampMs)
        expect(others).toEqual([])
        expect(window?.startMs).toBeLessThanOrEqual(timestampMs)
        expect(window?.endMs).toBeGreaterThan(timestampMs)
        expect(Math.abs((window?.startMs ?? NaN) % sizeMs)).toBe(0)
        expect((window?.endMs ?? 0) - (window?.startMs ?? 0)).toBe(sizeMs)
      }),
    )
  })

  test('are half-open: an end belongs to the next window', () => {
    const windows = tumbling({ sizeMs: 1_000, graceMs: 0 })
    expect(windowStartMs(windows, 999)).toBe(0)
    expect(windowStartMs(windows, 1_000)).toBe(1_000)
    expect(windowStartMs(windows, -1)).toBe(-1_000)
    expect(windowStartMs(windows, -1_000)).toBe(-1_000)
  })

  test.each([
    [{ sizeMs: 0, graceMs: 0 }, 'sizeMs must be a positive whole number of milliseconds, got 0'],
    [{ sizeMs: 0.5, graceMs: 0 }, 'sizeMs must be a positive whole number of milliseconds, got 0.5'],
    [{ sizeMs: 1, graceMs: -1 }, 'graceMs must be a whole number of milliseconds from 0 on, got -1'],
    [{ sizeMs: 1, graceMs: NaN }, 'graceMs must be a whole number of milliseconds from 0 on, got NaN'],
  ])('are refused with %o', (options, message) => {
    expect(() => tumbling(options)).toThrow(message)
  })
})
