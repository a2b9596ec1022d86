import { expect, test } from 'vitest'
import { jsonCodec } from './json-codec.ts'
import { partitionForKey } from './partitioner.ts'
import type { OutputBatch } from './ports.ts'
import { recordBatch } from './record-batch.ts'
import { RecordCollector } from './record-collector.ts'

const PARTITIONS = 3
const codec = jsonCodec<{ text: string }>(() => undefined)

/** A topic that keeps what is sent to it, per partition. */
function memoryTopic() {
  const partitions: string[][] = Array.from({ length: PARTITIONS }, () => [])
  const send = (batches: readonly OutputBatch[]) => {
    for (const batch of batches) {
      const cursor = recordBatch({ ...batch, baseOffset: 0, nextOffset: batch.count }).cursor()
      while (cursor.next())
        partitions[batch.partition]?.push(`${cursor.key()?.toString()} ${cursor.value()?.toString()}`)
    }
    return Promise.resolve()
  }
  return { partitions, send, partitionCount: () => Promise.resolve(PARTITIONS) }
}

test('every record is written once, in the order of its partition, however many batches they fill between flushes', async () => {
  const topic = memoryTopic()
  const collector = new RecordCollector(topic)
  await collector.open('orders')
  const expected: string[][] = Array.from({ length: PARTITIONS }, () => [])
  for (let flush = 0; flush < 4; flush++) {
    for (let index = 0; index < 300 * flush; index++) {
      const key = `key ${index % 7}`
      const value = { text: `${flush} ${index} `.padEnd((index * 37) % 9_000, '.') }
      collector.add({ topic: 'orders', key, value, codec, timestampMs: index })
      expected[partitionForKey(Buffer.from(key), PARTITIONS)]?.push(`${key} ${JSON.stringify(value)}`)
    }
    expect(collector.bufferedRecords).toBe(300 * flush)
    await collector.flush()
    expect([collector.bufferedRecords, collector.bufferedBytes]).toEqual([0, 0])
  }
  expect(topic.partitions).toEqual(expected)
})

test('what is taken stays as it is until it is released, whatever is added; then its buffers are used again', async () => {
  const topic = memoryTopic()
  const collector = new RecordCollector(topic, { maxBatchBytes: 1_000 })
  await collector.open('orders')
  const add = (partition: number, text: string) =>
    collector.add({ topic: 'orders', partition, key: 'k', value: { text }, codec, timestampMs: 0 })
  const written = () => {
    const taken = topic.partitions.map((records) => records.map((record) => record.charAt(11)))
    for (const records of topic.partitions) records.length = 0
    return taken
  }
  expect(collector.take()).toBeUndefined()
  for (const name of ['a', 'b', 'c']) add(0, name.padEnd(600, '.'))
  add(1, 'd')
  const full = collector.take()!
  const bytes = collector.bufferedBytes
  expect(collector.bufferedRecords).toBe(2)
  for (const name of ['e', 'f']) add(0, name.padEnd(600, '-'))
  expect(collector.bufferedBytes).toBeGreaterThan(bytes)
  await topic.send(full.batches)
  expect(written()).toEqual([['a', 'b'], [], []])
  const [first] = full.batches
  full.release()
  expect(collector.take(1)?.batches.map(({ count }) => count)).toEqual([2, 1, 1])
  for (const name of ['g', 'h', 'i', 'j']) add(0, name.padEnd(600, '-'))
  const again = collector.take()!
  expect(again.batches.some(({ records }) => records.buffer === first?.records.buffer)).toBe(true)
  collector.clear()
  expect(collector.bufferedRecords).toBe(0)
  expect(collector.bufferedBytes).toBeGreaterThan(0)
})

test('a value that is not of its type leaves the records before it as they are', async () => {
  const topic = memoryTopic()
  const collector = new RecordCollector(topic)
  await collector.open('orders')
  const record = { topic: 'orders', key: 'a', codec, timestampMs: 0 }
  collector.add({ ...record, value: { text: 'good' } })
  expect(() => collector.add({ ...record, value: undefined as never })).toThrow(TypeError)
  await collector.flush()
  expect(topic.partitions.flat()).toEqual(['a {"text":"good"}'])
})
