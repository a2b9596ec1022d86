import type { KafkaPorts, ProducerPort } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { OpenLoop } from './open-loop.ts'

const producer: ProducerPort = {
  partitionCount: () => Promise.resolve(1),
  send: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
const kafka = { producer: () => producer } as unknown as KafkaPorts
/** A second of records, ten milliseconds apart. */
const loop = new OpenLoop({
  kafka,
  topic: 'trades',
  symbols: ['AAAUSDT', 'BBBUSDT'],
  partitions: 1,
  windowMs: 100,
  graceMs: 150,
  recordsPerS: 100,
  count: 100,
  startMs: 1_000,
  nowMs: () => 5_000,
})

test('a window counts as closed once a record of its partition is behind its grace', async () => {
  await loop.run()
  // The last record is at 1,990: windows that begin at 1,700 or before are closed by it.
  expect(loop.closedWindows(0)).toBe(2 * 8)
  expect(loop.closedWindows(1_500)).toBe(2 * 3)
})

test('the record that closes a window is the first that is not before the end of its grace', () => {
  expect(loop.dueOfFirst('AAAUSDT', 1_150)).toBe(1_150)
  expect(loop.dueOfFirst('AAAUSDT', 1_151)).toBe(1_160)
  expect(loop.dueOfFirst('AAAUSDT', 1_991)).toBeUndefined()
})
