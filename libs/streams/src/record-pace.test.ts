import { expect, test } from 'vitest'
import { RecordPace } from './record-pace.ts'

/** Records that take these many ms each; what the pace made of them. */
async function paced(durations: readonly number[], deadlineMs = 1_000) {
  let nowMs = 0
  const seen = { looks: 0, pausedAfter: [] as number[], slow: [] as unknown[] }
  let record = 0
  const pace = new RecordPace({
    deadlineMs,
    nowMs: () => nowMs,
    pause: async () => void seen.pausedAfter.push(record),
  })
  pace.begin()
  for (const durationMs of durations) {
    nowMs += durationMs
    record++
    if (!pace.isDue()) continue
    seen.looks++
    const slow = pace.look()
    if (pace.isPauseDue) await pace.pause()
    if (slow !== undefined) seen.slow.push({ after: record, ...slow })
  }
  return seen
}

const quick = (count: number) => Array.from({ length: count }, () => 0)

test('quick records are looked at in groups, which cost little', async () => {
  const { looks, pausedAfter } = await paced(quick(800))
  expect(looks).toBeLessThan(105)
  expect(pausedAfter).toEqual([])
})

test('slow records leave the rest of the process its turns', async () => {
  const { pausedAfter } = await paced([...quick(15), ...Array.from({ length: 40 }, () => 10)])
  expect(pausedAfter.length).toBeGreaterThanOrEqual(6)
  const gaps = pausedAfter.slice(1).map((after, index) => after - (pausedAfter[index] ?? 0))
  expect(Math.max(...gaps)).toBeLessThanOrEqual(6)
})

test('a record that takes longer than the deadline is named; of quick ones, with the few before it', async () => {
  expect((await paced([5, 5, 1_001])).slow).toEqual([{ after: 3, records: 1, tookMs: 1_001 }])
  const { slow } = await paced([...quick(100), 1_001, ...quick(10)])
  expect(slow).toEqual([{ after: 103, records: 8, tookMs: 1_001 }])
  expect((await paced([5, 1_000, 5])).slow).toEqual([])
})

test('what happens between two batches counts for none of them', () => {
  let nowMs = 0
  const pace = new RecordPace({ deadlineMs: 1_000, nowMs: () => nowMs, pause: async () => undefined })
  pace.begin()
  nowMs += 60_000
  pace.begin()
  expect(pace.isDue()).toBe(true)
  expect(pace.look()).toBeUndefined()
})
