import { recordBatch } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { FetchPositions, type FetchLimits, type Position } from './fetch-positions.ts'
import type { RecordSet } from './record-set.ts'

const KB = 1024
const limits: FetchLimits = {
  maxBufferedBytes: 300 * KB,
  maxRequestBytes: 100 * KB,
  maxPartitionBytes: 100 * KB,
  maxTakenBytes: 100 * KB,
}
const leader1 = () => 1
const idle: ReadonlySet<number> = new Set()

function reading(...partitions: number[]): FetchPositions {
  const positions = new FetchPositions(limits)
  positions.assign(partitions.map((partition) => ({ topic: 't', partition })))
  for (const position of positions.all()) positions.seek(position, 0)
  return positions
}

function at(positions: FetchPositions, partition: number): Position {
  return positions.get({ topic: 't', partition })!
}

/** One batch of a single record that moves a position on by one. */
function fetched(position: Position, bytes: number): RecordSet {
  const baseOffset = position.offset!
  const { topic, partition } = position
  const records = Buffer.alloc(bytes - 61)
  const batch = { topic, partition, baseOffset, nextOffset: baseOffset + 1, count: 1, baseTimestampMs: 0, records }
  return { batches: [recordBatch(batch)], nextOffset: baseOffset + 1 }
}

const taken = (positions: FetchPositions) =>
  positions.take().map(({ partition, baseOffset }) => [partition, baseOffset])
const askedFor = (positions: FetchPositions) =>
  positions.plan(leader1, idle).flatMap((planned) => {
    positions.release(planned)
    return planned.partitions.map(({ partition }) => partition)
  })

test('asks each leader for the partitions that it leads, from where they are', () => {
  const positions = reading(0, 1, 2)
  positions.seek(at(positions, 2), 40)
  const plans = positions.plan(({ partition }) => (partition === 1 ? 2 : 1), idle)
  expect(plans.map(({ nodeId, partitions }) => [nodeId, partitions.map((p) => [p.partition, p.offset])])).toEqual([
    [
      1,
      [
        [0, 0],
        [2, 40],
      ],
    ],
    [2, [[1, 0]]],
  ])
})

test('leaves out brokers that are busy, and partitions without a place, without a leader, blocked or paused', () => {
  const positions = reading(0, 1, 2, 3)
  expect(positions.plan(leader1, new Set([1]))).toEqual([])
  at(positions, 0).paused = true
  at(positions, 1).blocked = true
  at(positions, 2).offset = undefined
  expect(positions.plan(({ partition }) => (partition === 3 ? undefined : 1), idle)).toEqual([])
  expect(askedFor(positions)).toEqual([3])
})

test('does not ask for more of a partition that has enough waiting, and says that it is left out', () => {
  const positions = reading(0, 1)
  positions.add(at(positions, 0), fetched(at(positions, 0), 100 * KB), 9)
  const [planned] = positions.plan(leader1, idle)
  expect(planned?.partitions.map(({ partition }) => partition)).toEqual([1])
  expect(planned?.leavesOut).toBe(true)
})

test('asks no more when what is on its way reaches the limit', () => {
  const positions = reading(0, 1, 2, 3)
  const byPartition = ({ partition }: { partition: number }) => partition
  const planned = positions.plan(byPartition, idle)
  expect(planned.reduce((sum, { maxBytes }) => sum + maxBytes, 0)).toBe(limits.maxBufferedBytes)
  expect(positions.plan(byPartition, idle)).toEqual([])
  positions.release(planned[0]!)
  expect(positions.plan(byPartition, idle)).toHaveLength(1)
})

test('asks no more when what is buffered reaches the limit, until it is taken', () => {
  const positions = reading(0, 1)
  for (let index = 0; index < 3; index++) positions.add(at(positions, 0), fetched(at(positions, 0), 90 * KB), 9)
  expect(positions.plan(leader1, idle)).toEqual([])
  positions.take()
  expect(positions.plan(leader1, idle)).toHaveLength(1)
})

test('leaves room for the answers of the other brokers', () => {
  const positions = new FetchPositions({ ...limits, maxRequestBytes: 1000 * KB, maxPartitionBytes: 1000 * KB })
  positions.assign([0, 1, 2].map((partition) => ({ topic: 't', partition })))
  for (const position of positions.all()) positions.seek(position, 0)
  const planned = positions.plan(({ partition }) => partition, idle)
  expect(planned.map(({ maxBytes }) => maxBytes)).toEqual([100 * KB, 100 * KB, 100 * KB])
})

test('a limit smaller than a request still lets one partition be read', () => {
  const positions = new FetchPositions({ ...limits, maxBufferedBytes: 1 })
  positions.assign([{ topic: 't', partition: 0 }])
  positions.seek(at(positions, 0), 0)
  expect(positions.plan(leader1, idle)).toHaveLength(1)
})

test('takes a batch of each partition in turn, up to the limit, and goes on with the others the next time', () => {
  const positions = reading(0, 1, 2)
  for (const partition of [0, 0, 0, 1, 2]) {
    positions.add(at(positions, partition), fetched(at(positions, partition), 50 * KB), 9)
  }
  expect(taken(positions)).toEqual([
    [0, 0],
    [1, 0],
  ])
  expect(taken(positions)).toEqual([
    [2, 0],
    [0, 1],
  ])
  expect(taken(positions)).toEqual([[0, 2]])
  expect(taken(positions)).toEqual([])
  expect(positions.bufferedBytes).toBe(0)
})

test('the partition that was served last is asked for last', () => {
  const positions = reading(0, 1, 2)
  positions.add(at(positions, 0), fetched(at(positions, 0), KB), 9)
  expect(askedFor(positions)).toEqual([1, 2, 0])
})

test('what was asked for before a seek or a new assignment is not current any more', () => {
  const positions = reading(0, 1)
  const [planned] = positions.plan(leader1, idle)
  positions.seek(at(positions, 0), 7)
  expect(positions.current({ topic: 't', partition: 0 }, planned!)).toBeUndefined()
  expect(positions.current({ topic: 't', partition: 1 }, planned!)).toBeDefined()
  positions.assign([{ topic: 't', partition: 1 }])
  expect(positions.current({ topic: 't', partition: 1 }, planned!)).toBeUndefined()
})

test('a seek drops what was waiting', () => {
  const positions = reading(0)
  positions.add(at(positions, 0), fetched(at(positions, 0), KB), 9)
  positions.seek(at(positions, 0), 5)
  expect(taken(positions)).toEqual([])
  expect(positions.bufferedBytes).toBe(0)
  expect(at(positions, 0).offset).toBe(5)
})

test('a paused partition keeps what is waiting for when it goes on', () => {
  const positions = reading(0)
  positions.add(at(positions, 0), fetched(at(positions, 0), KB), 9)
  at(positions, 0).paused = true
  expect(taken(positions)).toEqual([])
  at(positions, 0).paused = false
  expect(taken(positions)).toEqual([[0, 0]])
})

test('a paused partition gives up what is waiting rather than hold up the others, and is read again from there', () => {
  const positions = reading(0, 1)
  for (let index = 0; index < 3; index++) positions.add(at(positions, 0), fetched(at(positions, 0), 100 * KB), 9)
  at(positions, 0).paused = true
  expect(askedFor(positions)).toEqual([1])
  expect(at(positions, 0)).toMatchObject({ offset: 0, waitingBytes: 0 })
})

test('does not ask for what begins at the end of what is to be read', () => {
  const positions = new FetchPositions({ ...limits, endOffset: 1 })
  positions.assign([{ topic: 't', partition: 0 }])
  positions.seek(at(positions, 0), 0)
  expect(askedFor(positions)).toEqual([0])
  positions.add(at(positions, 0), fetched(at(positions, 0), 10 * KB), 5)
  expect(askedFor(positions)).toEqual([])
})
