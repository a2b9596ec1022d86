import { expect, test } from 'vitest'
import { formatProgress, parseProgress, ProgressTracker } from './replay-progress.ts'

const log = { startOffset: 0, endOffset: 100 }
const where = 'topic t partition 0'

test('progress is read back as it was written', () => {
  const progress = {
    baseOffset: 5,
    codes: new Map([
      ['malformed', 9],
      ['', 7],
    ]),
  }
  expect(parseProgress(formatProgress(progress, where), log)).toEqual(progress)
  const plain = { baseOffset: 5, codes: new Map() }
  expect(formatProgress(plain, where)).toEqual({ offset: 5, metadata: '' })
  expect(parseProgress(formatProgress(plain, where), log)).toEqual(plain)
})

test('metadata of anyone else counts as none', () => {
  for (const metadata of ['a note', '{"v":1,"p":3}', '{"replay":1,"codes":', '{"replay":1,"codes":{"a":"b"}}']) {
    expect(parseProgress({ offset: 5, metadata }, log)).toEqual({ baseOffset: 5, codes: new Map() })
  }
})

test('what retention has deleted is not waited for, and a topic made anew is begun anew', () => {
  expect(parseProgress({ offset: 5, metadata: '' }, { startOffset: 30, endOffset: 100 }).baseOffset).toBe(30)
  expect(parseProgress({ offset: 500, metadata: '' }, log).baseOffset).toBe(0)
  expect(parseProgress(undefined, { startOffset: 30, endOffset: 100 }).baseOffset).toBe(30)
})

test('more codes than a broker keeps beside an offset are an error that names the partition', () => {
  const codes = new Map(Array.from({ length: 500 }, (_, index) => [`code ${index}`, 10] as const))
  expect(() => formatProgress({ baseOffset: 5, codes }, where)).toThrow(/^topic t partition 0: 500 codes/)
})

test('a replay of all codes that is stopped keeps the lead of a code that was replayed alone before', () => {
  const tracker = new ProgressTracker({ baseOffset: 0, codes: new Map([['a', 50]]) })
  expect(tracker.wants({ code: 'a', offset: 49 })).toBe(false)
  expect(tracker.wants({ code: 'a', offset: 50 })).toBe(true)
  expect(tracker.wants({ code: 'b', offset: 0 })).toBe(true)
  tracker.passed({ code: 'b', offset: 9 })
  expect(tracker.progress).toEqual({ baseOffset: 10, codes: new Map([['a', 50]]) })
})

test('a code that is left holds the base, not the others', () => {
  const tracker = new ProgressTracker({ baseOffset: 0, codes: new Map() })
  tracker.passed({ code: 'a', offset: 0 })
  tracker.leave({ code: 'b', offset: 1 })
  tracker.leave({ code: 'b', offset: 2 })
  tracker.passed({ code: 'b', offset: 2 })
  tracker.finished(100)
  expect(tracker.progress).toEqual({ baseOffset: 1, codes: new Map([['a', 100]]) })
})

test('a replay of one code begins where that code stands, and moves nothing else', () => {
  const tracker = new ProgressTracker({ baseOffset: 3, codes: new Map([['a', 50]]) }, 'a')
  expect(tracker.fromOffset).toBe(50)
  expect(tracker.wants({ code: 'b', offset: 60 })).toBe(false)
  tracker.finished(100)
  expect(tracker.progress).toEqual({ baseOffset: 3, codes: new Map([['a', 100]]) })
})
