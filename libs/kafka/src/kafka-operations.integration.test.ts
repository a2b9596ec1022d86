import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { batchOf, onRealCluster, type TopicOptions } from './cluster-fixture.ts'
import { createOperations } from './index.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
  }
}

async function withOperations(options: TopicOptions = {}) {
  const setup = await onRealCluster({ bootstrapServers: inject('kafka'), onEnd: onTestFinished }, options)
  const operations = createOperations(setup.cluster)
  onTestFinished(() => operations.close())
  return { ...setup, operations }
}

const until = (law: () => void | Promise<void>) => vi.waitFor(law, { timeout: 30_000, interval: 20 })

test('offsets are set and deleted while a group has no members, and listed by topic', async () => {
  const { operations, topic, groupId } = await withOperations({ partitions: 2 })
  expect(await operations.describeGroup(groupId)).toEqual({ groupId, state: 'Dead', members: [] })
  const offsets = [
    { topic, partition: 0, offset: 3, metadata: 'why' },
    { topic, partition: 1, offset: 0, metadata: '' },
  ]
  await operations.setOffsets(groupId, offsets)
  expect(await operations.committedOffsets(groupId)).toEqual(offsets)
  expect(await operations.listGroups()).toContain(groupId)
  expect(await operations.describeGroup(groupId)).toMatchObject({ state: 'Empty', members: [] })
  await operations.deleteGroup(groupId)
  expect(await operations.committedOffsets(groupId)).toEqual([])
  await operations.deleteGroup(groupId)
})

test('a group with a live member is described with it, and keeps its offsets', async () => {
  const { operations, kafka, polling, topic, groupId } = await withOperations()
  const member = polling(kafka.consumer({ groupId }))
  await until(() => expect(member.held).toEqual([0]))
  const { members } = await operations.describeGroup(groupId)
  expect(members).toMatchObject([{ clientId: 'tidemark-kafka-tests' }])
  const refusal = `group ${groupId} has live members`
  await expect(operations.deleteGroup(groupId)).rejects.toThrow(refusal)
  await expect(operations.setOffsets(groupId, [{ topic, partition: 0, offset: 0, metadata: '' }])).rejects.toThrow(
    refusal,
  )
})

test('an emptied topic has no records and goes on counting', async () => {
  const { operations, kafka, topic } = await withOperations({ partitions: 2 })
  await kafka.producer({}).send([batchOf({ topic, partition: 0 }, ['a', 'b']), batchOf({ topic, partition: 1 }, ['c'])])
  expect(await operations.listTopics()).toContain(topic)
  await operations.emptyTopic(topic)
  expect(await kafka.logReader().offsets(topic)).toEqual([
    { startOffset: 2, endOffset: 2 },
    { startOffset: 1, endOffset: 1 },
  ])
})

test('a topic that is only compacted is not emptied, and the error says which setting is in the way', async () => {
  const { operations, kafka, topic } = await withOperations({ config: { 'cleanup.policy': 'compact' } })
  await kafka.producer({}).send([batchOf({ topic, partition: 0 }, ['a'])])
  await expect(operations.emptyTopic(topic)).rejects.toThrow(/topic kafka-test.*cleanup\.policy/)
})
