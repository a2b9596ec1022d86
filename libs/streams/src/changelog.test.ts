import { expect, test } from 'vitest'
import { changelogDefinition } from './changelog.ts'

const { config } = changelogDefinition('totals', 'windows', 4)

test('what a compaction leaves alone, the segment being written, is a matter of seconds for a restore', () => {
  const segmentBytes = Number(config['segment.bytes'])
  expect(segmentBytes).toBeLessThanOrEqual(64 * 1024 * 1024)
  expect(segmentBytes).toBeGreaterThanOrEqual(4 * Number(config['max.message.bytes'])) // or it is one entry large
})

test('deletions outlast any restore, and are not kept for a day', () => {
  const hours = Number(config['delete.retention.ms']) / 3_600_000
  expect(hours).toBeGreaterThanOrEqual(1)
  expect(hours).toBeLessThan(24)
})
