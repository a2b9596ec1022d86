import { expect, test } from 'vitest'
import { offsetsPartitionOf } from './offsets-partition.ts'

// As Kafka 4.1.1 computes them; the hashes of the last three are below 0, that of the very last is the least of all.
test.each([
  ['', 0],
  ['hello', 22],
  ['tidemark', 39],
  ['window-aggregator', 2],
  ['orders', 31],
  ['chaos-windows-0', 43],
  ['polygenelubricants', 0],
])('the offsets of group "%s" are in partition %i of 50', (groupId, partition) => {
  expect(offsetsPartitionOf(groupId, 50)).toBe(partition)
})
