import { describe, expect, test } from 'vitest'
import type { Aggregator } from './aggregator.ts'
import { EventClock } from './event-clock.ts'
import { tumbling, type Window } from './window.ts'
import { OpenWindowLimitError } from './limit-error.ts'
import { WindowedFold } from './windowed-fold.ts'

interface Result {
  readonly key: string
  readonly startMs: number
  readonly values: readonly number[]
  readonly late: number
}

const collect: Aggregator<number, number[], Result> = {
  init: () => [],
  add: (values, value) => [...values, value],
  result: (values, { key, window, lateCount }) => ({ key, startMs: window.startMs, values, late: lateCount }),
}

function foldOf(options: { clock?: 'partition' | 'key'; maxOpenWindows?: number; changelog?: boolean } = {}) {
  const { clock: mode = 'partition', maxOpenWindows = 100, changelog = false } = options
  const clock = new EventClock(mode)
  const results: Result[] = []
  const late: (Window & { key: string })[] = []
  const fold = new WindowedFold<number, number[], Result>({
    windows: tumbling({ sizeMs: 10, graceMs: 5 }),
    aggregator: collect,
    clock,
    nowMs: () => 0,
    maxOpenWindows,
    changelog,
    output: { result: (_key, result) => results.push(result), late: (key, window) => late.push({ key, ...window }) },
  })
  let offset = 0
  const add = (key: string, timestampMs: number) => {
    clock.observe(key, timestampMs)
    fold.add(key, timestampMs, { timestampMs, offset: offset++ })
  }
  const heartbeat = (key: string, watermarkMs: number) => {
    clock.heartbeat(key, watermarkMs)
    fold.advance(key)
  }
  return { fold, add, heartbeat, results, late }
}

describe('a windowed fold', () => {
  test('closes a window when stream time less grace reaches its end', () => {
    const { add, results } = foldOf()
    add('a', 9)
    add('a', 14)
    expect(results).toEqual([])
    add('a', 15)
    expect(results).toEqual([{ key: 'a', startMs: 0, values: [9], late: 0 }])
  })

  test('drops a record whose window ended exactly grace ago into the late output', () => {
    const { add, late, results } = foldOf()
    add('a', 15)
    add('a', 9)
    expect(late).toEqual([{ key: 'a', startMs: 0, endMs: 10 }])
    expect(results).toEqual([])
  })

  test('judges lateness by the window: an old record of an open window is taken', () => {
    const { add, late } = foldOf()
    add('a', 19)
    add('a', 10)
    expect(late).toEqual([])
  })

  test('says how many records were late since the last result of the key', () => {
    const { add, results } = foldOf()
    add('a', 15)
    add('a', 1)
    add('a', 2)
    add('a', 25)
    add('a', 35)
    expect(results.map(({ late }) => late)).toEqual([2, 0])
  })

  test('emits several windows that close at once in order of their ends', () => {
    const { add, heartbeat, results } = foldOf({ clock: 'key' })
    for (const timestampMs of [12, 8, 13]) add('a', timestampMs)
    heartbeat('a', 40)
    expect(results.map(({ startMs, values }) => [startMs, values])).toEqual([
      [0, [8]],
      [10, [12, 13]],
    ])
  })

  test('with the clock of the partition, forgets a key that has no open window', () => {
    const { fold, add, results } = foldOf()
    add('a', 1)
    add('b', 30)
    add('a', 31)
    expect(results.map(({ key }) => key)).toEqual(['a'])
    expect(fold.openWindows).toBe(2)
  })

  test('keeps the window that a record belongs to when that record closes the earlier ones of its key', () => {
    const { add, results } = foldOf()
    add('a', 1)
    add('a', 100)
    add('a', 101)
    add('b', 200)
    expect(results.map(({ values }) => values)).toEqual([[1], [100, 101]])
  })

  test('says from where the log must be read to rebuild what is open', () => {
    const { fold, add } = foldOf()
    expect(fold.oldestOffset()).toBeUndefined()
    add('a', 1) // offset 0
    add('b', 12) // offset 1
    add('b', 13)
    expect(fold.oldestOffset()).toBe(0)
    add('b', 15) // closes the window of a
    expect(fold.oldestOffset()).toBe(1)
  })

  test('rebuilds without judging again: a record of a closed window is neither late nor counted', () => {
    const { fold, heartbeat, late } = foldOf({ clock: 'key' })
    heartbeat('a', 20)
    fold.add('a', 1, { timestampMs: 1, offset: 0, rebuilding: true })
    expect(late).toEqual([])
    expect(fold.lateCounts()).toEqual([])
    fold.add('a', 1, { timestampMs: 1, offset: 1 })
    expect(fold.lateCounts()).toEqual([['a', 1]])
  })

  test('late counts that were kept elsewhere so far are changes', () => {
    const { fold } = foldOf({ changelog: true })
    fold.restoreLateCounts([['a', 3]])
    const changes = [...fold.changes()]
    expect(changes).toHaveLength(1)
    const other = foldOf().fold
    for (const [key, data] of changes) other.restoreEntry(key, data)
    expect(other.lateCounts()).toEqual([['a', 3]])
  })

  test('refuses one window more than the limit', () => {
    const { add } = foldOf({ maxOpenWindows: 1 })
    add('a', 1)
    add('a', 2)
    expect(() => add('b', 1)).toThrow(OpenWindowLimitError)
  })
})
