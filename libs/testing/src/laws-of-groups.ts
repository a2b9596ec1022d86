import type { ConsumerPort, TopicPartition } from '@tidemark/streams'
import assert from 'node:assert/strict'
import { batchOf, committedMetadata, eventually, numbered, type KafkaUnderTest, type PortLaw } from './port-law.ts'
import { PollingMember } from './polling-member.ts'

const placed = (partition: number, values: readonly string[], firstOffset = 0) =>
  values.map((value, index) => `${partition}/${firstOffset + index}:${value}`)

async function filledTopic(subject: KafkaUnderTest, partitions = 1): Promise<string> {
  const topic = await subject.createTopic(partitions)
  const all = Array.from({ length: partitions }, (_, partition) => batchOf({ topic, partition }, numbered('value', 10)))
  await subject.kafka.producer({}).send(all)
  return topic
}

const seen = (subject: KafkaUnderTest, member: PollingMember, count: number) =>
  eventually(subject, `a member has seen ${count} records`, () => member.values.length >= count)

/** Of consumers. */
export const lawsOfGroups: readonly PortLaw[] = [
  {
    law: 'a group goes on where it committed, and finds the text that it put there',
    check: async (subject) => {
      const topic = await filledTopic(subject, 2)
      const groupId = topic
      const first = new PollingMember(subject, { topic, consumer: { groupId } })
      await seen(subject, first, 20)
      const offset = { topic, partition: 0, offset: 7, metadata: 'why' }
      await first.consumer.commit([offset])
      await first.stop()
      const second = new PollingMember(subject, { topic, consumer: { groupId } })
      await seen(subject, second, 13)
      assert.deepEqual(
        second.values.filter((value) => value.startsWith('0/')),
        placed(0, numbered('value', 10)).slice(7),
      )
      const both = [0, 1].map((partition) => ({ topic, partition }))
      assert.deepEqual(await second.consumer.committed(both), [offset])
    },
  },
  {
    law: 'a group without a committed offset starts where it is told',
    check: async (subject) => {
      const topic = await filledTopic(subject)
      const early = new PollingMember(subject, { topic, consumer: { groupId: `${topic}-early` } })
      await seen(subject, early, 10)
      assert.deepEqual(early.values, placed(0, numbered('value', 10)))
      const late = new PollingMember(subject, { topic, consumer: { groupId: `${topic}-late`, startAt: 'latest' } })
      await eventually(subject, 'the late member has its partition', () => late.held.length === 1)
      // To be assigned comes before being placed at the end: what is sent in between is not promised.
      const producer = subject.kafka.producer({})
      await eventually(subject, 'the late member sees what comes', async () => {
        await producer.send([batchOf({ topic, partition: 0 }, ['new'])])
        return late.values.length > 0
      })
      assert.deepEqual(
        late.values.filter((value) => !value.endsWith(':new')),
        [],
      )
    },
  },
  {
    law: 'no partition has two owners; one that is revoked can be committed a last time; a closed member is replaced',
    check: async (subject) => {
      const topic = await filledTopic(subject, 4)
      const groupId = topic
      const owners = new Map<number, string>()
      const shared: string[] = []
      const member = (name: string) =>
        new PollingMember(subject, {
          topic,
          consumer: { groupId },
          listener: (consumer) => ({
            assigned: async (partitions) => {
              for (const { partition } of partitions) {
                if (owners.has(partition)) shared.push(`${partition}: ${owners.get(partition)} and ${name}`)
                owners.set(partition, name)
              }
            },
            revoked: async (partitions) => {
              await consumer.commit(partitions.map((partition) => ({ ...partition, offset: 10, metadata: name })))
              for (const { partition } of partitions) owners.delete(partition)
            },
          }),
        })
      const a = member('a')
      await eventually(subject, 'the first member has all partitions', () => a.held.length === 4)
      const b = member('b')
      await eventually(subject, 'both have two', () => a.held.length === 2 && b.held.length === 2)
      assert.deepEqual([...a.held, ...b.held].sort(), [0, 1, 2, 3])
      const moved = b.held.map((partition) => ({ topic, partition }))
      assert.deepEqual(
        (await b.consumer.committed(moved)).map(({ metadata }) => metadata),
        ['a', 'a'],
      )
      for (const partition of a.held) owners.delete(partition)
      await a.stop()
      await eventually(subject, 'the other one has all', () => b.held.length === 4)
      assert.deepEqual(shared, [])
    },
  },
  {
    law: 'a member whose session ended can commit nothing over its successor, hears that its partitions are lost, and joins again',
    check: async (subject) => {
      const topic = await filledTopic(subject)
      const groupId = topic
      const events: string[] = []
      const tell = (event: string) => async (partitions: readonly TopicPartition[]) => {
        for (const { partition } of partitions) events.push(`${event} ${partition}`)
      }
      const silent = subject.kafka.consumer({ groupId })
      subject.onEnd(() => silent.close())
      silent.subscribe([topic], { assigned: tell('assigned'), revoked: tell('revoked'), lost: tell('lost') })
      while (events.length === 0) await silent.poll(0)
      const commit = (consumer: ConsumerPort, offset: number, metadata: string) =>
        consumer.commit([{ topic, partition: 0, offset, metadata }])
      await commit(silent, 3, 'in time')
      await subject.endSessions(groupId)
      const next = new PollingMember(subject, { topic, consumer: { groupId } })
      await seen(subject, next, 7)
      assert.deepEqual(next.values, placed(0, numbered('value', 10)).slice(3))
      await commit(next.consumer, 10, 'successor')
      await assert.rejects(commit(silent, 5, 'stale'), { code: 'group-lost' })
      assert.deepEqual(await committedMetadata(subject.kafka, groupId, [{ topic, partition: 0 }]), ['successor'])
      await eventually(subject, 'the first member hears of it', async () => {
        await silent.poll(0)
        return events.length > 1
      })
      assert.deepEqual(events.slice(0, 2), ['assigned 0', 'lost 0'])
      await next.stop()
      await eventually(subject, 'it has its partition again', async () => {
        await silent.poll(0)
        return events.length > 2
      })
      assert.deepEqual(events.slice(2), ['assigned 0'])
    },
  },
  {
    law: 'partitions of one number have one owner, over all topics that a group reads, whoever comes',
    check: async (subject) => {
      const topic = await subject.createTopic(4)
      const others = [await subject.createTopic(4), await subject.createTopic(4)]
      const member = () => new PollingMember(subject, { topic, others, consumer: { groupId: topic } })
      const a = member()
      await eventually(subject, 'the first member has all partitions', () => a.held.length === 12)
      const b = member()
      await eventually(subject, 'both have six', () => a.held.length === 6 && b.held.length === 6)
      for (const { held } of [a, b]) assert.equal(new Set(held).size, 2, `partitions ${held.join()} of one member`)
    },
  },
  {
    law: 'after a seek nothing comes out that was fetched before it',
    check: async (subject) => {
      const topic = await filledTopic(subject)
      const values = placed(0, numbered('value', 10))
      const member = new PollingMember(subject, {
        topic,
        consumer: { groupId: topic },
        listener: (consumer) => ({ assigned: async () => consumer.seek({ topic, partition: 0 }, 8) }),
      })
      await seen(subject, member, 2)
      assert.deepEqual(member.values, values.slice(8))
      member.consumer.seek({ topic, partition: 0 }, 5)
      await seen(subject, member, 7)
      assert.deepEqual(member.values, [...values.slice(8), ...values.slice(5)])
      assert.equal(member.consumer.endOffset({ topic, partition: 0 }), 10)
    },
  },
  {
    law: 'a partition has more until all has come out of polls, be the end of it a mark of a transaction',
    check: async (subject) => {
      const topic = await filledTopic(subject, 2)
      const partition = { topic, partition: 0 }
      const writer = subject.kafka.transactionalProducer({ transactionalId: topic })
      await writer.init()
      await writer.commit({ batches: [batchOf(partition, ['last'])], groupId: topic, offsets: [] })
      const paused = [{ topic, partition: 1 }]
      const member = new PollingMember(subject, {
        topic,
        consumer: { groupId: topic },
        listener: (consumer) => ({ assigned: async () => consumer.pause(paused) }),
      })
      await seen(subject, member, 11)
      await eventually(subject, 'there is no more', () => !member.consumer.hasMore(partition))
      assert.equal(member.consumer.hasMore({ topic, partition: 1 }), true)
      member.consumer.resume(paused)
      await seen(subject, member, 21)
      await eventually(
        subject,
        'there is no more of the other one',
        () => !member.consumer.hasMore({ topic, partition: 1 }),
      )
    },
  },
  {
    law: 'a paused partition waits, and goes on where it was',
    check: async (subject) => {
      const topic = await filledTopic(subject, 2)
      const paused = [{ topic, partition: 1 }]
      const member = new PollingMember(subject, {
        topic,
        consumer: { groupId: topic },
        listener: (consumer) => ({ assigned: async () => consumer.pause(paused) }),
      })
      const values = numbered('value', 10)
      await seen(subject, member, 10)
      await subject.kafka.producer({}).send([batchOf({ topic, partition: 0 }, ['one more'])])
      await seen(subject, member, 11)
      const others = [...placed(0, values), '0/10:one more']
      assert.deepEqual(member.values, others)
      member.consumer.resume(paused)
      await seen(subject, member, 21)
      assert.deepEqual(member.values, [...others, ...placed(1, values)])
    },
  },
  {
    law: 'a wake-up ends the wait of a poll, also of the next one',
    check: async (subject) => {
      const topic = await subject.createTopic(1)
      const consumer = subject.kafka.consumer({ groupId: topic })
      subject.onEnd(() => consumer.close())
      let isAssigned = false
      consumer.subscribe([topic], {
        assigned: async () => {
          isAssigned = true
        },
        revoked: async () => undefined,
        lost: async () => undefined,
      })
      while (!isAssigned) await consumer.poll(0)
      const tooLongMs = 600_000
      const waiting = consumer.poll(tooLongMs)
      consumer.wakeup()
      assert.deepEqual(await waiting, [])
      consumer.wakeup()
      assert.deepEqual(await consumer.poll(tooLongMs), [])
    },
  },
]
