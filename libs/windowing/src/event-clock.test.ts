import { describe, expect, test } from 'vitest'
import { count } from './aggregators/totals.ts'
import { TextEntries } from './dormant-entries-fixture.ts'
import { EventClock } from './event-clock.ts'
import { tumbling } from './window.ts'
import { WindowedFold } from './windowed-fold.ts'

describe.each(['partition', 'key'] as const)('a clock per %s', (mode) => {
  test.each([Infinity, NaN])('refuses %s, which is no time that anything could be closed by', (timeMs) => {
    const clock = new EventClock(mode)
    expect(() => clock.heartbeat('a', timeMs)).toThrow(`event time of key 'a' can't become ${timeMs}`)
    expect(() => clock.observe('a', timeMs)).toThrow(RangeError)
    expect(clock.changes()).toEqual([])
    expect(clock.snapshot()).toEqual([])
  })

  test('closes all that is open by a heartbeat behind it, however far, and then waits for more', () => {
    const clock = new EventClock(mode)
    const results: unknown[] = []
    const fold = new WindowedFold<unknown, number, number>({
      windows: tumbling({ sizeMs: 10, graceMs: 0 }),
      aggregator: count(),
      clock,
      nowMs: () => 0,
      maxOpenWindows: 10,
      changelog: true,
      output: { result: (key, result, { startMs }) => results.push([startMs, key, result]), late: () => undefined },
    })
    fold.adopt(new TextEntries(new Map([['w0:a', '[1]']])))
    clock.heartbeat('a', Number.MAX_VALUE)
    fold.advance('a')
    fold.advance('a')
    expect(results).toEqual([[0, 'a', 1]])
  })
})
