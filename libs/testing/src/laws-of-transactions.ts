import assert from 'node:assert/strict'
import type { Transaction } from '@tidemark/streams'
import {
  batchOf,
  committedMetadata,
  committedValues,
  eventually,
  numbered,
  valuesOf,
  type KafkaUnderTest,
  type PortLaw,
} from './port-law.ts'
import { PollingMember } from './polling-member.ts'

const SHORT_TIMEOUT_MS = 3_000

/** A topic of two partitions, with a writer of transactions that put one value in each, and an offset. */
async function writing(subject: KafkaUnderTest) {
  const { kafka } = subject
  const topic = await subject.createTopic(2)
  const partitions = [0, 1].map((partition) => ({ topic, partition }))
  const producer = () => kafka.transactionalProducer({ transactionalId: topic, transactionTimeoutMs: SHORT_TIMEOUT_MS })
  const transactionOf = (value: string): Transaction => ({
    batches: partitions.map((partition) => batchOf(partition, [value])),
    groupId: topic,
    offsets: [{ topic, partition: 1, offset: 1, metadata: value }],
  })
  /** Values of both partitions, then the group's metadata. */
  const state = async () => [
    ...(await Promise.all(partitions.map((partition) => committedValues(kafka, partition)))),
    await committedMetadata(kafka, topic, partitions),
  ]
  const becomes = async (values: readonly string[]) => {
    const last = values.at(-1) ?? '-'
    const expected = [values, values, ['-', last]]
    let found: unknown
    const isSo = async () => JSON.stringify((found = await state())) === JSON.stringify(expected)
    await eventually(subject, `${JSON.stringify(values)} is seen`, isSo).catch(() => assert.deepEqual(found, expected))
  }
  return { topic, producer, transactionOf, state, becomes }
}

const fenced = { code: 'fenced', retriable: false }

/** Of transactional producers. */
export const lawsOfTransactions: readonly PortLaw[] = [
  {
    law: 'records of several partitions and offsets of a transaction are seen, in the order of the commits',
    check: async (subject) => {
      const { producer, transactionOf, becomes } = await writing(subject)
      const writer = producer()
      await writer.init()
      const values = numbered('value', 5)
      for (const value of values) await writer.commit(transactionOf(value))
      await becomes(values)
    },
  },
  {
    law: 'a transaction of offsets alone is one, and so is one of records alone',
    check: async (subject) => {
      const { producer, topic, transactionOf, becomes } = await writing(subject)
      const writer = producer()
      await writer.init()
      await writer.commit({ ...transactionOf('first'), offsets: [] })
      await writer.commit({ ...transactionOf('first'), batches: [] })
      await becomes(['first'])
      await writer.commit({ batches: [], groupId: topic, offsets: [] })
      await becomes(['first'])
    },
  },
  {
    law: 'nothing of a transaction that fails is ever seen, and the next one can be committed after init',
    check: async (subject) => {
      const { producer, topic, transactionOf, state, becomes } = await writing(subject)
      const writer = producer()
      await writer.init()
      await writer.commit(transactionOf('kept'))
      const failing = transactionOf('gone')
      const nowhere = batchOf({ topic: `${topic}-missing`, partition: 0 }, ['gone'])
      await assert.rejects(writer.commit({ ...failing, batches: [...failing.batches, nowhere] }))
      await writer.init()
      assert.deepEqual(await state(), [['kept'], ['kept'], ['-', 'kept']])
      await writer.commit(transactionOf('next'))
      await becomes(['kept', 'next'])
    },
  },
  {
    law: 'records that are sent ahead of a commit are seen with it, in the order of the calls, before those of the commit',
    check: async (subject) => {
      const { producer, transactionOf, state, becomes } = await writing(subject)
      const writer = producer()
      await writer.init()
      const values = numbered('value', 8)
      await writer.send(transactionOf(values[0]!).batches)
      await writer.send([])
      assert.deepEqual(await state(), [[], [], ['-', '-']])
      const underWay = values.slice(1, -1).map((value) => writer.send(transactionOf(value).batches))
      await writer.commit(transactionOf(values.at(-1)!))
      await Promise.all(underWay)
      await becomes(values)
      await writer.send(transactionOf('alone').batches)
      await writer.commit({ ...transactionOf('alone'), batches: [] })
      await becomes([...values, 'alone'])
    },
  },
  {
    law: 'what was sent and not committed is never seen, after init or close, and holds nobody up',
    check: async (subject) => {
      const { producer, transactionOf, state, becomes } = await writing(subject)
      const [first, second] = [producer(), producer()]
      await first.init()
      await first.commit(transactionOf('kept'))
      await first.send(transactionOf('gone').batches)
      await first.init()
      assert.deepEqual(await state(), [['kept'], ['kept'], ['-', 'kept']])
      await first.commit(transactionOf('next'))
      await first.send(transactionOf('gone, too').batches)
      await first.close()
      await second.init()
      await second.commit(transactionOf('last'))
      await becomes(['kept', 'next', 'last'])
    },
  },
  {
    law: 'a read up to the end of all that is written misses nothing that was committed beside transactions of others, however these end',
    check: async (subject) => {
      const { kafka } = subject
      const topic = await subject.createTopic(1)
      const partition = { topic, partition: 0 }
      const [taken, dropped, other] = await Promise.all(
        ['taken', 'dropped', 'other'].map(async (name) => {
          const writer = kafka.transactionalProducer({ transactionalId: `${topic}-${name}` })
          await writer.init()
          return writer
        }),
      )
      await taken!.send([batchOf(partition, ['taken'])])
      await other!.commit({ batches: [batchOf(partition, ['committed'])], groupId: topic, offsets: [] })
      await dropped!.send([batchOf(partition, ['dropped'])])
      // Once its markers are written: as whoever initialises the id again finds it.
      await other!.init()
      const reader = kafka.logReader()
      const [written] = await reader.offsets(topic, { isolation: 'read_uncommitted' })
      const reading = (async () => {
        const values: string[] = []
        let nextOffset = 0
        for await (const batch of reader.read(partition, 0, written!.endOffset)) {
          values.push(...valuesOf(batch).map((value) => value.slice(value.indexOf(':') + 1)))
          nextOffset = batch.nextOffset
        }
        return { values, nextOffset }
      })()
      await subject.moment()
      await taken!.commit({ batches: [], groupId: topic, offsets: [] })
      await dropped!.close()
      const { values, nextOffset } = await reading
      assert.ok(nextOffset >= written!.endOffset, `read to ${nextOffset} of ${written!.endOffset}`)
      assert.deepEqual(
        values.filter((value) => value !== 'taken'),
        ['committed'],
      )
      await reader.close()
      const isSeen = async () => (await committedValues(kafka, partition)).sort().join() === 'committed,taken'
      await eventually(subject, 'what was taken is seen, and what was dropped is not', isSeen)
    },
  },
  {
    law: 'a transaction that is begun is committed as any other, or leaves no trace: init answers the next epoch',
    check: async (subject) => {
      const { producer, topic, transactionOf, becomes } = await writing(subject)
      const writer = producer()
      const { producerId, epoch } = await writer.init()
      for (const value of ['first', 'second']) {
        writer.begin(topic)
        await writer.commit(transactionOf(value))
      }
      writer.begin(topic)
      await writer.commit({ batches: [], groupId: topic, offsets: [] })
      await becomes(['first', 'second'])
      writer.begin(topic)
      assert.deepEqual(await writer.init(), { producerId, epoch: epoch + 1 })
      await writer.send(transactionOf('third').batches)
      writer.begin(topic)
      await writer.commit({ ...transactionOf('third'), batches: [] })
      await becomes(['first', 'second', 'third'])
    },
  },
  {
    law: 'after a send that failed nothing of the transaction can be committed, until init',
    check: async (subject) => {
      const { producer, topic, transactionOf, state, becomes } = await writing(subject)
      const writer = producer()
      await writer.init()
      await writer.send(transactionOf('gone').batches)
      await assert.rejects(writer.send([batchOf({ topic: `${topic}-missing`, partition: 0 }, ['gone'])]))
      await assert.rejects(writer.send(transactionOf('gone').batches))
      await assert.rejects(writer.commit(transactionOf('gone')))
      await writer.init()
      assert.deepEqual(await state(), [[], [], ['-', '-']])
      await writer.commit(transactionOf('next'))
      await becomes(['next'])
    },
  },
  {
    law: 'what an earlier owner sent is never seen, and it can send no more',
    check: async (subject) => {
      const { producer, transactionOf, becomes } = await writing(subject)
      const [first, second] = [producer(), producer()]
      await first.init()
      await first.send(transactionOf('gone').batches)
      await second.init()
      await assert.rejects(first.send(transactionOf('gone').batches), fenced)
      await assert.rejects(first.commit(transactionOf('gone')), fenced)
      await first.close()
      await second.send(transactionOf('next').batches)
      await second.commit({ ...transactionOf('next'), batches: [] })
      await becomes(['next'])
    },
  },
  {
    law: 'whoever is initialised last is the only writer; the earlier one is fenced for good, and leaves nothing behind',
    check: async (subject) => {
      const { producer, transactionOf, state, becomes } = await writing(subject)
      const [first, second] = [producer(), producer()]
      const earlier = await first.init()
      await first.commit(transactionOf('kept'))
      const later = await second.init()
      assert.equal(later.producerId, earlier.producerId)
      assert.ok(later.epoch > earlier.epoch, 'the epoch of a later owner is higher')
      await assert.rejects(first.commit(transactionOf('fenced')), fenced)
      await assert.rejects(first.commit(transactionOf('fenced')), fenced)
      assert.deepEqual(await state(), [['kept'], ['kept'], ['-', 'kept']])
      await second.commit(transactionOf('next'))
      await becomes(['kept', 'next'])
    },
  },
  {
    law: 'what earlier owners committed is readable as soon as init resolves',
    check: async (subject) => {
      const { producer, transactionOf, state } = await writing(subject)
      const values = numbered('owner', 5)
      for (const [index, value] of values.entries()) {
        const owner = producer()
        await owner.init()
        const soFar = values.slice(0, index)
        assert.deepEqual(await state(), [soFar, soFar, ['-', soFar.at(-1) ?? '-']])
        await owner.commit(transactionOf(value))
        await owner.close()
      }
    },
  },
  {
    law: 'writers of different ids do not get in each other’s way',
    check: async (subject) => {
      const topic = await subject.createTopic(4)
      await Promise.all(
        [0, 1, 2, 3].map(async (partition) => {
          const writer = subject.kafka.transactionalProducer({ transactionalId: `${topic}.${partition}` })
          await writer.init()
          for (let round = 0; round < 5; round++) {
            const offsets = [{ topic, partition, offset: round, metadata: `${round}` }]
            await writer.commit({ batches: [batchOf({ topic, partition }, [`${round}`])], groupId: topic, offsets })
          }
        }),
      )
      const partitions = [0, 1, 2, 3].map((partition) => ({ topic, partition }))
      await eventually(subject, 'each partition has what its writer wrote', async () => {
        const values = await Promise.all(partitions.map((partition) => committedValues(subject.kafka, partition)))
        return values.every((ofOne) => ofOne.join() === '0,1,2,3,4')
      })
      assert.deepEqual(await committedMetadata(subject.kafka, topic, partitions), ['4', '4', '4', '4'])
    },
  },
  {
    law: 'offsets in a transaction are taken while the group has members, and are where its next member starts',
    check: async (subject) => {
      const topic = await subject.createTopic(1)
      const partition = { topic, partition: 0 }
      await subject.kafka.producer({}).send([batchOf(partition, numbered('value', 10))])
      const first = new PollingMember(subject, { topic, consumer: { groupId: topic } })
      await eventually(subject, 'the first member has seen all', () => first.values.length === 10)
      const writer = subject.kafka.transactionalProducer({ transactionalId: topic })
      await writer.init()
      await writer.commit({ batches: [], groupId: topic, offsets: [{ ...partition, offset: 8, metadata: '' }] })
      await first.stop()
      const second = new PollingMember(subject, { topic, consumer: { groupId: topic } })
      await eventually(subject, 'the second member has seen the rest', () => second.values.length >= 2)
      assert.deepEqual(second.values, ['0/8:value 8', '0/9:value 9'])
    },
  },
  {
    law: 'before init, and after close, a commit is refused, and so is a send',
    check: async (subject) => {
      const { producer, transactionOf, state } = await writing(subject)
      const writer = producer()
      await assert.rejects(writer.commit(transactionOf('too early')), { code: 'protocol' })
      await assert.rejects(writer.send(transactionOf('too early').batches), { code: 'protocol' })
      await writer.init()
      await writer.close()
      await assert.rejects(writer.commit(transactionOf('too late')), { code: 'protocol' })
      await assert.rejects(writer.send(transactionOf('too late').batches), { code: 'protocol' })
      assert.deepEqual(await state(), [[], [], ['-', '-']])
    },
  },
]
