import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { formatElapsed, lineProgress } from './progress.ts'

describe('lineProgress', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }))
  afterEach(() => void vi.useRealTimers())

  it('says that a task begins, that it still runs at each heartbeat, and that it is done', () => {
    const lines: string[] = []
    const task = lineProgress({ write: (line) => lines.push(line), heartbeatMs: 15_000 }).begin('building')
    vi.advanceTimersByTime(15_000)
    task.update('412 packages compiled')
    vi.advanceTimersByTime(15_000)
    task.done()
    vi.advanceTimersByTime(60_000)
    expect(lines).toEqual([
      'building …',
      'building: 15 s',
      'building: 30 s, 412 packages compiled',
      'building: done after 30 s',
    ])
  })

  it('is silent between heartbeats, however often the task moves on', () => {
    const lines: string[] = []
    const task = lineProgress({ write: (line) => lines.push(line) }).begin('fetching')
    for (let file = 0; file < 100; file += 1) task.update(`${file} files`)
    task.fail()
    expect(lines).toEqual(['fetching …', 'fetching: failed after 0 s'])
  })
})

describe('formatElapsed', () => {
  it.each([
    [400, '0 s'],
    [59_400, '59 s'],
    [59_600, '1 min 00 s'],
    [185_000, '3 min 05 s'],
  ])('%d ms is %s', (elapsedMs, text) => {
    expect(formatElapsed(elapsedMs)).toBe(text)
  })
})
