import { createHash } from 'node:crypto'
import kafkajs from 'kafkajs'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { batchOf, onRealCluster, type TopicOptions } from './cluster-fixture.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
  }
}

const onTopic = (options?: TopicOptions) =>
  onRealCluster({ bootstrapServers: inject('kafka'), onEnd: onTestFinished }, options)

const values = (count: number, prefix = 'value') => Array.from({ length: count }, (_, index) => `${prefix} ${index}`)
const until = (law: () => void | Promise<void>) => vi.waitFor(law, { timeout: 30_000, interval: 20 })

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'records written with compression %s are read back as they were',
  async (compression) => {
    const { kafka, topic } = await onTopic()
    const producer = kafka.producer({ compression })
    await producer.send([
      batchOf({ topic, partition: 0 }, values(500)),
      batchOf({ topic, partition: 0 }, values(3, 'more')),
    ])
    const reader = kafka.logReader()
    expect(await reader.offsets(topic)).toEqual([{ startOffset: 0, endOffset: 503 }])
    const read: unknown[] = []
    for await (const batch of reader.read({ topic, partition: 0 }, 498, 502)) {
      const cursor = batch.cursor()
      while (cursor.next()) {
        const [key, value] = [cursor.key()?.toString(), cursor.value()?.toString()]
        read.push([cursor.offset, key, value, cursor.timestampMs, cursor.headers().map((header) => header.key)])
      }
    }
    expect(read).toEqual([
      [498, 'key 498', 'value 498', 1_700_000_000_498, ['h']],
      [499, 'key 499', 'value 499', 1_700_000_000_499, ['h']],
      [500, 'key 0', 'more 0', 1_700_000_000_000, ['h']],
      [501, 'key 1', 'more 1', 1_700_000_000_001, ['h']],
    ])
  },
)

test.each(['gzip', 'snappy', 'lz4', 'zstd'])('reads what a broker has compressed with %s', async (codec) => {
  const { kafka, topic } = await onTopic({ config: { 'compression.type': codec } })
  const written = values(3_000, 'a value that compresses well')
  await kafka.producer({}).send([batchOf({ topic, partition: 0 }, written)])
  const read: (string | undefined)[] = []
  for await (const batch of kafka.logReader().read({ topic, partition: 0 }, 0, written.length)) {
    const cursor = batch.cursor()
    while (cursor.next()) read.push(cursor.value()?.toString())
  }
  expect(read).toEqual(written)
})

test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'the broker inflates what is written with %s, to compress it as the topic asks for, over many of its blocks',
  async (compression) => {
    const { kafka, topic } = await onTopic({ config: { 'compression.type': compression === 'gzip' ? 'zstd' : 'gzip' } })
    const incompressible = createHash('shake256', { outputLength: 300_000 }).update('seed').digest('base64')
    const written = [...values(20_000, 'a value that compresses well'), incompressible]
    await kafka.producer({ compression }).send([batchOf({ topic, partition: 0 }, written)])
    const read: (string | undefined)[] = []
    for await (const batch of kafka.logReader().read({ topic, partition: 0 }, 0, written.length)) {
      const cursor = batch.cursor()
      while (cursor.next()) read.push(cursor.value()?.toString())
    }
    expect(read).toEqual(written)
  },
)

test('another client reads what is written here, and is read here', async () => {
  const { kafka, topic, bootstrapServers, groupId, polling } = await onTopic()
  const other = new kafkajs.Kafka({ brokers: [bootstrapServers], logLevel: kafkajs.logLevel.NOTHING })
  const theirs = other.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await theirs.connect()
  await theirs.send({ topic, compression: kafkajs.CompressionTypes.GZIP, messages: [{ key: 'k', value: 'theirs' }] })
  await theirs.disconnect()
  await kafka.producer({ compression: 'gzip' }).send([batchOf({ topic, partition: 0 }, ['ours'])])
  const member = polling(kafka.consumer({ groupId }))
  const seen: (string | undefined)[] = []
  const their = other.consumer({ groupId: `${groupId}-theirs` })
  await their.subscribe({ topic, fromBeginning: true })
  await their.run({ eachMessage: async ({ message }) => void seen.push(message.value?.toString()) })
  await until(() => {
    expect(member.values).toEqual(['theirs', 'ours'])
    expect(seen).toEqual(['theirs', 'ours'])
  })
  await their.disconnect()
})

test('only committed transactions are seen, and the end of the log is reached behind an aborted one', async () => {
  const { kafka, topic, bootstrapServers, groupId, polling } = await onTopic()
  const other = new kafkajs.Kafka({ brokers: [bootstrapServers], logLevel: kafkajs.logLevel.NOTHING })
  const theirs = other.producer({
    transactionalId: topic,
    maxInFlightRequests: 1,
    idempotent: true,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  await theirs.connect()
  for (const [value, end] of [
    ['kept', 'commit'],
    ['gone', 'abort'],
    ['last', 'commit'],
    ['gone', 'abort'],
  ] as const) {
    const transaction = await theirs.transaction()
    await transaction.send({ topic, messages: [{ value }] })
    await transaction[end]()
  }
  await theirs.disconnect()
  const member = polling(kafka.consumer({ groupId }))
  await until(() => expect(member.values).toEqual(['kept', 'last']))
  const reader = kafka.logReader()
  const [end] = await reader.offsets(topic)
  let position = 0
  for await (const batch of reader.read({ topic, partition: 0 }, 0, end!.endOffset)) position = batch.nextOffset
  expect(position).toBe(end!.endOffset)
})

test('a group goes on where it committed; without a commit it starts where it is told', async () => {
  const { kafka, topic, groupId, admin, polling } = await onTopic()
  const producer = kafka.producer({})
  await producer.send([batchOf({ topic, partition: 0 }, values(10))])
  const first = kafka.consumer({ groupId })
  const member = polling(first)
  await until(() => expect(member.values).toHaveLength(10))
  expect(first.endOffset({ topic, partition: 0 })).toBe(10)
  await first.commit([{ topic, partition: 0, offset: 7, metadata: 'why' }])
  await member.stop()
  await first.close()
  const committed = [{ topic, partition: 0, offset: 7, metadata: 'why' }]
  expect(await admin.groupOffsets(groupId, topic)).toEqual(committed)

  const second = kafka.consumer({ groupId })
  const after = polling(second)
  await until(() => expect(after.values).toEqual(['value 7', 'value 8', 'value 9']))
  expect(await second.committed([{ topic, partition: 0 }])).toEqual(committed)

  const late = polling(kafka.consumer({ groupId: `${groupId}-late`, startAt: 'latest' }))
  await until(() => expect(late.held).toEqual([0]))
  // Being assigned comes before being placed at the end: only what is written once a first poll is over is surely seen.
  await until(async () => {
    await producer.send([batchOf({ topic, partition: 0 }, ['new'])])
    expect(late.values).toContain('new')
  })
  expect(new Set(late.values)).toEqual(new Set(['new']))
})

test('two members share the partitions; a commit while they are revoked is valid; one that closes is replaced at once', async () => {
  const { kafka, topic, groupId, admin, polling } = await onTopic({ partitions: 4 })
  const a = kafka.consumer({ groupId })
  let revokedAt = 0
  const first = polling(a, {
    revoked: async (partitions) => {
      revokedAt++
      await a.commit(partitions.map((partition) => ({ ...partition, offset: 100 + revokedAt, metadata: '' })))
    },
  })
  await until(() => expect(first.held).toEqual([0, 1, 2, 3]))
  const b = kafka.consumer({ groupId })
  const second = polling(b)
  await until(() => {
    expect(second.held).toHaveLength(2)
    expect([...first.held, ...second.held].sort()).toEqual([0, 1, 2, 3])
  })
  expect((await admin.groupOffsets(groupId, topic)).map(({ offset }) => offset)).toEqual([101, 101, 101, 101])
  expect(first.events.slice(0, 2)).toEqual(['assigned 0,1,2,3', 'revoked 0,1,2,3'])
  const kept = second.held
  await first.stop()
  await a.close()
  await until(() => expect(second.held).toEqual([0, 1, 2, 3]))
  expect(second.events).toEqual([`assigned ${kept.join()}`, `revoked ${kept.join()}`, 'assigned 0,1,2,3'])
})

test('a member that falls silent is replaced after its session, and loses its partitions when it comes back', async () => {
  const { kafka, topic, groupId, logged, polling } = await onTopic({ partitions: 2 })
  const options = { groupId, sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 6_000 }
  const silent = kafka.consumer(options)
  let lost = 0
  // It beats on, but takes no part in the rebalance: the group goes on without it.
  silent.subscribe([topic], {
    assigned: async () => {},
    revoked: async () => {},
    lost: async () => {
      lost++
    },
  })
  await silent.poll(100)
  const member = polling(kafka.consumer(options))
  await until(() => expect(member.held).toEqual([0, 1]))
  await expect(silent.commit([{ topic, partition: 0, offset: 1, metadata: '' }])).rejects.toMatchObject({
    code: 'group-lost',
  })
  await silent.poll(100)
  expect(lost).toBe(1)
  expect(logged.filter(({ level }) => level === 'error')).toEqual([])
})

test('after a seek only records from there on come out; a paused partition waits', async () => {
  const { kafka, topic, groupId, polling } = await onTopic({ partitions: 2 })
  await kafka
    .producer({})
    .send([batchOf({ topic, partition: 0 }, values(100, 'zero')), batchOf({ topic, partition: 1 }, values(100, 'one'))])
  const consumer = kafka.consumer({ groupId })
  const member = polling(consumer, {
    assigned: async () => {
      consumer.seek({ topic, partition: 0 }, 98)
      consumer.pause([{ topic, partition: 1 }])
    },
  })
  await until(() => expect(member.values).toEqual(['zero 98', 'zero 99']))
  consumer.seek({ topic, partition: 0 }, 99)
  await until(() => expect(member.values).toEqual(['zero 98', 'zero 99', 'zero 99']))
  consumer.resume([{ topic, partition: 1 }])
  await until(() => expect(member.values).toEqual(['zero 98', 'zero 99', 'zero 99', ...values(100, 'one')]))
})

test('records that retention has deleted are skipped with a warning that names them', async () => {
  const { kafka, topic, groupId, logged, bootstrapServers, polling } = await onTopic()
  await kafka.producer({}).send([batchOf({ topic, partition: 0 }, values(20))])
  const other = new kafkajs.Kafka({ brokers: [bootstrapServers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await other.connect()
  await other.fetchTopicOffsets(topic) // or it does not know where the topic is led
  await other.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '15' }] })
  await other.disconnect()
  const consumer = kafka.consumer({ groupId })
  const member = polling(consumer, { assigned: async () => consumer.seek({ topic, partition: 0 }, 4) })
  await until(() => expect(member.values).toEqual(values(20).slice(15)))
  // A broker that has just started has others, of the group.
  const isOfTopic = ({ level, message }: (typeof logged)[number]) => level === 'warn' && message.startsWith('topic ')
  const warnings = logged.filter(isOfTopic).map(({ message }) => message)
  expect(warnings).toEqual([expect.stringContaining(`topic ${topic} partition 0: offset 4 is outside`)])
  expect(warnings[0]).toContain('[4, 15) are lost')
})

test('a record that the topic does not take is an error that names topic and setting', async () => {
  const { kafka, topic } = await onTopic({ config: { 'max.message.bytes': '10000' } })
  await expect(kafka.producer({}).send([batchOf({ topic, partition: 0 }, ['x'.repeat(20_000)])])).rejects.toMatchObject(
    {
      code: 'record-too-large',
      message: expect.stringMatching(new RegExp(`topic ${topic} partition 0.*max\\.message\\.bytes`)),
    },
  )
})

test('a topic that does not exist is an error that names it', async () => {
  const { kafka, topic } = await onTopic()
  const missing = `${topic}-missing`
  await expect(kafka.producer({}).partitionCount(missing)).rejects.toThrow(`topic ${missing} does not exist`)
})

test('topics are made once, with their settings, and described', async () => {
  const { admin, topic } = await onTopic({ partitions: 3, config: { 'cleanup.policy': 'compact' } })
  expect(await admin.createTopics([{ name: topic, partitions: 3 }])).toEqual([])
  expect(await admin.describe([topic, `${topic}-missing`])).toEqual([
    { name: topic, partitions: 3, replicationFactor: 1, config: { 'cleanup.policy': 'compact' } },
  ])
  await expect(
    admin.createTopics([{ name: `${topic}-bad`, partitions: 1, config: { 'cleanup.policy': 'no' } }]),
  ).rejects.toThrow(`topic ${topic}-bad: not created`)
})
