import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { RecordBatchBuilder, type RecordBatch } from '@tidemark/streams'
import { seededChance, startFaultProxy, type FaultProxy, type FaultRule, type KafkaApi } from '@tidemark/testing'
import { randomUUID } from 'node:crypto'
import { expect, inject, it, onTestFinished } from 'vitest'

const partitions = 3
const rounds = 60

/** A topic on the real broker, and all of its clients behind a proxy. */
async function behindProxy(rules: readonly FaultRule[]) {
  const proxy = await startFaultProxy({ brokers: inject('kafka'), random: seededChance(4) })
  const cluster = { bootstrapServers: proxy.bootstrapServers, clientId: 'proxied', requestTimeoutMs: 1_000 }
  const admin = createAdmin(cluster)
  const kafka = kafkaPorts(cluster)
  onTestFinished(async () => {
    proxy.clearRules()
    await kafka.close()
    await admin.close()
    await proxy.close()
  })
  const topic = `proxied-${randomUUID()}`
  await admin.createTopics([{ name: topic, partitions }])
  for (const rule of rules) proxy.addRule(rule)
  return { proxy, kafka, topic }
}

type Behind = Awaited<ReturnType<typeof behindProxy>>

async function writeAll({ kafka, topic }: Behind): Promise<void> {
  const producer = kafka.producer({})
  for (let round = 0; round < rounds; round++) {
    const batches = Array.from({ length: partitions }, (_, partition) => {
      const builder = new RecordBatchBuilder(topic, partition)
      const valueBytes = Buffer.from(`${partition}: ${round}`)
      builder.append({ key: null, valueBytes, valueLength: valueBytes.length, timestampMs: Date.now() })
      return builder.batch()
    })
    await producer.send(batches)
  }
}

function valuesOf(batch: RecordBatch): string[] {
  const values: string[] = []
  const cursor = batch.cursor()
  while (cursor.next()) values.push(cursor.value()?.toString() ?? '')
  return values
}

/** What a group reads, committing as it goes, until it has read as many records as were written. */
async function readAll({ kafka, topic }: Behind): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: topic })
  const nothing = async (): Promise<void> => {}
  consumer.subscribe([topic], { assigned: nothing, revoked: nothing, lost: nothing })
  const seen: string[] = []
  while (seen.length < rounds * partitions) {
    for (const batch of await consumer.poll(100)) {
      seen.push(...valuesOf(batch))
      await consumer.commit([{ topic, partition: batch.partition, offset: batch.nextOffset, metadata: '' }])
    }
  }
  await consumer.close()
  return seen
}

async function expectNothingLost(behind: Behind): Promise<FaultProxy> {
  const written = writeAll(behind)
  const seen = await readAll(behind)
  await written
  const wanted = Array.from(
    { length: rounds * partitions },
    (_, n) => `${n % partitions}: ${Math.floor(n / partitions)}`,
  )
  const byPartition = (values: string[]) =>
    Array.from({ length: partitions }, (_, partition) => values.filter((value) => value.startsWith(`${partition}:`)))
  expect(byPartition(seen)).toEqual(byPartition(wanted))
  expect(behind.proxy.stats().refused).toEqual([])
  return behind.proxy
}

const writing: KafkaApi[] = ['InitProducerId', 'Produce']
const reading: KafkaApi[] = [
  'FindCoordinator',
  'JoinGroup',
  'SyncGroup',
  'OffsetFetch',
  'ListOffsets',
  'Fetch',
  'OffsetCommit',
]
const apis: KafkaApi[] = ['ApiVersions', 'Metadata', ...writing, ...reading]

it.each(['request', 'response'] as const)(
  'nothing is lost, doubled or reordered when the first %s of every API is met with a closed connection',
  async (on) => {
    const rules = apis.map((api): FaultRule => ({ name: api, on, api, nth: 1, action: 'close' }))
    const proxy = await expectNothingLost(await behindProxy(rules))
    expect(proxy.stats().faults).toEqual(Object.fromEntries(apis.map((api) => [api, 1])))
  },
)

it('nothing is lost, doubled or reordered when requests and answers are dropped, late and cut off by chance', async () => {
  const proxy = await expectNothingLost(
    await behindProxy([
      { name: 'lost answer', on: 'response', api: ['Produce', 'OffsetCommit'], nth: 5, action: 'drop' },
      { name: 'lost request', on: 'request', api: ['Produce', 'OffsetCommit'], nth: 9, action: 'drop' },
      { name: 'gone', on: 'response', api: 'Fetch', nth: 3, action: 'silence' },
      { name: 'cut', on: 'response', api: ['Produce', 'Fetch', 'OffsetCommit'], probability: 0.1, action: 'close' },
      { name: 'late', on: 'response', probability: 0.1, action: { delayMs: 20 } },
    ]),
  )
  const { faults } = proxy.stats()
  expect(faults).toMatchObject({ 'lost answer': 1, 'lost request': 1, gone: 1 })
  expect(faults['cut']).toBeGreaterThan(5)
  expect(faults['late']).toBeGreaterThan(5)
})
