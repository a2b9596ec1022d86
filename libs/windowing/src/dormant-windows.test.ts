import { describe, expect, test } from 'vitest'
import { count } from './aggregators/totals.ts'
import { TextEntries } from './dormant-entries-fixture.ts'
import { EventClock } from './event-clock.ts'
import { OpenWindowLimitError } from './limit-error.ts'
import { tumbling } from './window.ts'
import { WindowedFold } from './windowed-fold.ts'

const windowEntry = (startMs: number, key: string, records = 1): [string, string] => {
  return [`w${startMs}:${key}`, JSON.stringify([records])]
}

function restored(
  entries: readonly (readonly [string, string])[],
  { mode = 'partition', maxOpenWindows = 100, graceMs = 0 } = {},
) {
  const clock = new EventClock(mode as EventClock['mode'])
  const results: unknown[] = []
  const fold = new WindowedFold<unknown, number, number>({
    windows: tumbling({ sizeMs: 10, graceMs }),
    aggregator: count(),
    clock,
    nowMs: () => 0,
    maxOpenWindows,
    changelog: true,
    output: { result: (key, result, { startMs }) => results.push([startMs, key, result]), late: () => undefined },
  })
  const asleep = new TextEntries(new Map(entries))
  fold.adopt(asleep)
  const add = (key: string, timestampMs: number) => {
    clock.observe(key, timestampMs)
    fold.add(key, undefined, { timestampMs, offset: 0 })
  }
  return { asleep, fold, add, clock, results }
}

describe('windows that were restored', () => {
  test('are not read before a record of their key comes, and go on then', () => {
    const { asleep, fold, add } = restored([windowEntry(0, 'a', 3), windowEntry(0, 'b'), ['k:a', '[2]']])
    expect(fold.openWindows).toBe(2)
    add('c', 5)
    expect(asleep.size).toBe(3)
    add('a', 5)
    expect(asleep.all().map((entry) => asleep.nameOf(entry))).toEqual(['b'])
    expect(fold.openWindows).toBe(3)
    expect([...fold.changes()]).toEqual([
      ['w0:c', [1]],
      ['w0:a', [4]],
    ])
  })

  test('close among those that were not, in order of end, then key, and only when it is their time', () => {
    const { asleep, add, results } = restored([windowEntry(10, 'a'), windowEntry(0, 'd'), windowEntry(0, 'b')])
    add('c', 5)
    add('a', 9)
    add('e', 10)
    expect(results).toEqual([
      [0, 'a', 1],
      [0, 'b', 1],
      [0, 'c', 1],
      [0, 'd', 1],
    ])
    expect(asleep.size).toBe(0)
    add('e', 20)
    expect(results.slice(4)).toEqual([
      [10, 'a', 1],
      [10, 'e', 1],
    ])
  })

  test('close at their time also where a key with a later window was needed before', () => {
    const { add, results } = restored([windowEntry(10, 'a'), windowEntry(0, 'b')], { graceMs: 5 })
    add('a', 12)
    expect(results).toEqual([])
    add('a', 15)
    expect(results).toEqual([[0, 'b', 1]])
  })

  test('with a clock per key stay unread while their key waits', () => {
    const { asleep, fold, clock, results } = restored([windowEntry(0, 'a'), windowEntry(10, 'b')], { mode: 'key' })
    for (const key of ['a', 'b', 'c']) {
      clock.heartbeat(key, 10)
      fold.advance(key)
    }
    expect(results).toEqual([[0, 'a', 1]])
    expect(asleep.size).toBe(1)
  })

  test('count for the limit of open windows', () => {
    const { add } = restored([windowEntry(0, 'a'), windowEntry(0, 'b')], { maxOpenWindows: 2 })
    add('a', 1)
    expect(() => add('c', 1)).toThrow(OpenWindowLimitError)
  })

  test('of keys with late records count for their limit, and once, whether they are read or not', () => {
    const { fold, add } = restored([windowEntry(0, 'a'), ['k:a', '[2]'], ['k:b', '[1]']], { maxOpenWindows: 2 })
    expect(fold.size).toBe(3)
    add('a', 5)
    expect(fold.size).toBe(3)
    add('a', 10) // closes the window of a, which tells its late records, and opens another one
    expect(fold.size).toBe(2)
    add('c', 1)
    expect(fold.size).toBe(3)
    expect(() => add('d', 1)).toThrow(OpenWindowLimitError)
  })

  test('are refused where something else has written them', () => {
    expect(() => restored([['r1:a', '[]']])).toThrow('state entry of a: of kind r')
  })
})
