import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { RecordBatchBuilder } from '@tidemark/streams'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startCluster, type Cluster } from './start-cluster.ts'

async function ownCluster(): Promise<Cluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-cluster-'))
  const cluster = await startCluster({ host: process, dataDir })
  onTestFinished(async () => {
    await cluster.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  return cluster
}

/** One batch of text, for a partition. */
function batchOf(partition: { topic: string; partition: number }, text: string) {
  const builder = new RecordBatchBuilder(partition.topic, partition.partition)
  const valueBytes = Buffer.from(text)
  builder.append({ key: null, valueBytes, valueLength: valueBytes.length, timestampMs: Date.now(), headers: [] })
  return builder.batch()
}

it('keeps a topic over brokers that are killed and stopped, one after the other, and goes on with their data', async () => {
  const cluster = await ownCluster()
  const { bootstrapServers } = cluster
  const admin = createAdmin({ bootstrapServers, clientId: 'cluster-test' })
  const kafka = kafkaPorts({ bootstrapServers, clientId: 'cluster-test' })
  onTestFinished(async () => {
    await kafka.close()
    await admin.close()
  })
  const topic = 'kept'
  await admin.createTopics([{ name: topic, partitions: 3 }])
  expect(await admin.describe([topic])).toMatchObject([{ partitions: 3, replicationFactor: 3 }])
  const producer = kafka.producer({})
  const wanted: string[] = []
  const write = async (text: string): Promise<void> => {
    await producer.send([0, 1, 2].map((partition) => batchOf({ topic, partition }, text)))
    wanted.push(text)
  }

  await write('all are there')
  for (const [brokerId, end] of [
    [1, cluster.killBroker],
    [2, cluster.stopBroker],
    [3, cluster.killBroker],
  ] as const) {
    await end(brokerId)
    await cluster.untilReplaced(brokerId)
    await write(`without ${brokerId}`)
    await cluster.startBroker(brokerId)
    await cluster.untilInSync()
    await write(`with ${brokerId} again`)
  }

  const reader = kafka.logReader()
  const ends = await reader.offsets(topic)
  for (const [partition, { endOffset }] of ends.entries()) {
    const seen: string[] = []
    for await (const batch of reader.read({ topic, partition }, 0, endOffset)) {
      const cursor = batch.cursor()
      while (cursor.next()) seen.push(cursor.value()?.toString() ?? '')
    }
    expect(seen).toEqual(wanted)
  }
  await cluster.stop()
  expect(await Promise.race([cluster.failure, Promise.resolve('none')])).toBe('none')
})

it('tells brokers apart, and goes on with its data on other ports after all were killed', async () => {
  const first = await ownCluster()
  await expect(first.startBroker(1)).rejects.toThrow('broker 1 runs already')
  await expect(first.killBroker(4)).rejects.toThrow('there is no broker 4')
  const { dataDir } = first
  const topic = 'kept'
  const admin = createAdmin({ bootstrapServers: first.bootstrapServers, clientId: 'cluster-test' })
  await admin.createTopics([{ name: topic, partitions: 1 }])
  await admin.close()
  await Promise.all(first.brokerIds.map((brokerId) => first.killBroker(brokerId)))
  await first.killBroker(1)
  await Promise.all([first.stop(), first.stop()])

  const second = await startCluster({ host: process, dataDir })
  try {
    expect(second.bootstrapServers).not.toBe(first.bootstrapServers)
    const again = createAdmin({ bootstrapServers: second.bootstrapServers, clientId: 'cluster-test' })
    expect(await again.describe([topic])).toMatchObject([{ name: topic, replicationFactor: 3 }])
    await again.close()
  } finally {
    await second.stop()
  }
})
