import assert from 'node:assert/strict'
import type { TopicPartition } from '@tidemark/streams'
import { batchOf, committedValues, numbered, valuesOf, type KafkaUnderTest, type PortLaw } from './port-law.ts'

async function read(
  { kafka }: KafkaUnderTest,
  partition: TopicPartition,
  [fromOffset, toOffset]: readonly [number, number],
): Promise<string[]> {
  const reader = kafka.logReader()
  const values: string[] = []
  for await (const batch of reader.read(partition, fromOffset, toOffset)) values.push(...valuesOf(batch))
  await reader.close()
  return values
}

/** Of producers without transactions, log readers and topics. */
export const lawsOfLogs: readonly PortLaw[] = [
  {
    law: 'what is sent is in the log in the order of the calls and of the batches in each, partition by partition',
    check: async (subject) => {
      const topic = await subject.createTopic(2)
      const producer = subject.kafka.producer({})
      for (let round = 0; round < 5; round++) {
        await producer.send([0, 1, 0].map((partition, index) => batchOf({ topic, partition }, [`${round}.${index}`])))
      }
      await producer.close()
      const ofRounds = (indexes: number[]) => [0, 1, 2, 3, 4].flatMap((round) => indexes.map((i) => `${round}.${i}`))
      assert.deepEqual(await committedValues(subject.kafka, { topic, partition: 0 }), ofRounds([0, 2]))
      assert.deepEqual(await committedValues(subject.kafka, { topic, partition: 1 }), ofRounds([1]))
    },
  },
  {
    law: 'the buffers of a send may be reused once it has settled',
    check: async (subject) => {
      const topic = await subject.createTopic(1)
      const producer = subject.kafka.producer({})
      const batch = batchOf({ topic, partition: 0 }, ['as it was'])
      await producer.send([batch])
      batch.records.fill(0)
      assert.deepEqual(await committedValues(subject.kafka, { topic, partition: 0 }), ['as it was'])
    },
  },
  {
    law: 'a read of a range begins at its first offset, and ends before a batch that lies behind it',
    check: async (subject) => {
      const topic = await subject.createTopic(1)
      const partition = { topic, partition: 0 }
      const values = numbered('value', 9)
      const batches = [0, 3, 6].map((start) => batchOf(partition, values.slice(start, start + 3)))
      await subject.kafka.producer({}).send(batches)
      const placed = values.map((value, offset) => `${offset}:${value}`)
      assert.deepEqual(await read(subject, partition, [0, 9]), placed)
      assert.deepEqual(await read(subject, partition, [4, 6]), placed.slice(4, 6))
      assert.deepEqual((await read(subject, partition, [1, 4])).slice(0, 3), placed.slice(1, 4))
      assert.deepEqual(await read(subject, partition, [9, 9]), [])
    },
  },
  {
    law: 'a reader knows both ends of every partition, and how many there are',
    check: async (subject) => {
      const topic = await subject.createTopic(3)
      await subject.kafka.producer({}).send([batchOf({ topic, partition: 1 }, numbered('value', 4))])
      const reader = subject.kafka.logReader()
      assert.equal(await reader.partitionCount(topic), 3)
      const ends = (await reader.offsets(topic)).map(({ startOffset, endOffset }) => [startOffset, endOffset])
      assert.deepEqual(ends, [
        [0, 0],
        [0, 4],
        [0, 0],
      ])
    },
  },
  {
    law: 'a topic that does not exist is an error that names it',
    check: async (subject) => {
      const missing = `${await subject.createTopic(1)}-missing`
      const naming = (error: Error & { code?: string }) =>
        error.code === 'topic-missing' && error.message.includes(missing)
      await Promise.all([
        assert.rejects(subject.kafka.producer({}).partitionCount(missing), naming),
        assert.rejects(subject.kafka.logReader().partitionCount(missing), naming),
      ])
    },
  },
  {
    law: 'topics of the engine are made where they are missing, and refused where they have other partitions',
    check: async (subject) => {
      const existing = await subject.createTopic(2)
      const name = `${existing}-changelog`
      const compacted = { 'cleanup.policy': 'compact' }
      const topics = [
        { name: existing, partitions: 2, config: {} },
        { name, partitions: 3, config: compacted },
      ]
      await subject.kafka.ensureTopics(topics)
      await subject.kafka.ensureTopics(topics)
      assert.equal(await subject.kafka.logReader().partitionCount(name), 3)
      await assert.rejects(
        subject.kafka.ensureTopics([{ name, partitions: 4, config: compacted }]),
        (error: Error & { code?: string }) => error.code === 'topic-mismatch' && error.message.includes(name),
      )
    },
  },
]
