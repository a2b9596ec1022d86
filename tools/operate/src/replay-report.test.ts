import { expect, test } from 'vitest'
import { replayReport } from './replay-report.ts'
import type { ReplaySummary } from './replay.ts'

const summary: ReplaySummary = {
  written: [
    { topic: 'orders', code: 'malformed', letters: 2 },
    { topic: 'orders', code: '', letters: 1 },
  ],
  refused: [{ refusal: 'no-source', letters: 1, first: { partition: 0, offset: 7 } }],
  finished: true,
}

test('a report says what went where, what did not and why', () => {
  const lines = replayReport(summary, { dryRun: false }).split('\n')
  expect(lines.find((line) => line.includes('malformed'))).toMatch(/orders +│ malformed +│ +2 /)
  expect(lines.slice(-2)).toEqual([
    '3 letters replayed',
    '1 letter that came from no topic (such as frames of an exchange): left as they are, until --to names one (first: partition 0 offset 7)',
  ])
})

test('a dry run and a run that was stopped say so', () => {
  expect(replayReport(summary, { dryRun: true })).toContain(
    '3 letters would be replayed (dry run: nothing was written)',
  )
  const stopped = { written: [], refused: [], finished: false }
  expect(replayReport(stopped, { dryRun: false })).toBe(
    '0 letters replayed\nstopped before the end: the next replay goes on from there',
  )
})
