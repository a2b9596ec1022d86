import { startFaultProxy } from '@tidemark/testing'
import { expect, inject, onTestFinished, test } from 'vitest'
import { batchOf, onRealCluster } from './cluster-fixture.ts'
import { createAdmin, kafkaPorts } from './index.ts'

/** A topic, and clients that reach its broker through a proxy. */
async function throughProxy() {
  const { kafka, topic, cluster, bootstrapServers } = await onRealCluster({
    bootstrapServers: inject('kafka'),
    onEnd: onTestFinished,
  })
  const proxy = await startFaultProxy({ brokers: bootstrapServers })
  onTestFinished(() => proxy.close())
  const options = { ...cluster, bootstrapServers: proxy.bootstrapServers, requestTimeoutMs: 1_000 }
  const producing = kafkaPorts(options)
  onTestFinished(() => producing.close())
  const admin = createAdmin(options)
  onTestFinished(() => admin.close())
  const read = async (records: number): Promise<string[]> => {
    const seen: string[] = []
    for await (const batch of kafka.logReader().read({ topic, partition: 0 }, 0, records)) {
      const cursor = batch.cursor()
      while (cursor.next()) seen.push(cursor.value()?.toString() ?? '')
    }
    return seen
  }
  return { partition: { topic, partition: 0 }, proxy, producer: producing.producer({}), admin, read }
}

test('batches whose answers are lost are sent again, and are in the log once, in order', async () => {
  const { partition, proxy, producer, read } = await throughProxy()
  for (let round = 0; round < 10; round++) {
    if (round % 2 === 1) proxy.addRule({ on: 'response', api: 'Produce', limit: 1, action: 'close' })
    await producer.send([batchOf(partition, [`${round}a`, `${round}b`]), batchOf(partition, [`${round}c`])])
  }
  expect(Object.keys(proxy.stats().faults)).toHaveLength(5)
  const written = Array.from({ length: 10 }, (_, round) => [`${round}a`, `${round}b`, `${round}c`]).flat()
  expect(await read(30)).toEqual(written)
})

test('a producer whose connection has gone silent asks once more, on a new one', async () => {
  const { partition, proxy, producer, read } = await throughProxy()
  proxy.addRule({ on: 'response', api: 'InitProducerId', limit: 1, action: 'silence' })
  await producer.send([batchOf(partition, ['a', 'b'])])
  expect(proxy.stats().requests).toMatchObject({ InitProducerId: 2, Produce: 1 })
  expect(await read(2)).toEqual(['a', 'b'])
})

test.each(['close', 'silence'] as const)(
  'topics are made and described though answers are lost: %s',
  async (action) => {
    const { partition, proxy, admin } = await throughProxy()
    for (const api of ['DescribeConfigs', 'CreateTopics'] as const) {
      proxy.addRule({ on: 'response', api, limit: 1, action })
      proxy.addRule({ on: 'request', api, limit: 1, action })
    }
    const made = `${partition.topic}-made`
    await admin.createTopics([{ name: made, partitions: 2 }])
    await expect(admin.describe([made])).resolves.toMatchObject([{ name: made, partitions: 2 }])
    expect(Object.values(proxy.stats().faults)).toEqual([1, 1, 1, 1])
  },
)
