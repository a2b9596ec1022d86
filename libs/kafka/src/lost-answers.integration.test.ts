import { connect, createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, inject, onTestFinished, test } from 'vitest'
import { ClusterLink } from './cluster-link.ts'
import { batchOf, onRealCluster } from './cluster-fixture.ts'
import { connectionSettings, type KafkaConnectionOptions } from './connection-options.ts'
import { IdempotentProducer } from './idempotent-producer.ts'
import { brokerConnector } from './kafkajs-internals.ts'

/** A way to the broker that can be told to swallow the next answer and hang up. */
async function lossyWay(bootstrapServers: string) {
  const [host, port] = bootstrapServers.split(':') as [string, string]
  const way = { loseNextAnswer: false, lost: 0 }
  const server = createServer((client) => {
    const broker = connect(Number(port), host)
    client.pipe(broker)
    broker.on('data', (answer) => {
      if (!way.loseNextAnswer) return client.write(answer)
      way.loseNextAnswer = false
      way.lost++
      return client.destroy()
    })
    for (const socket of [client, broker]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        broker.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { way, address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } }
}

function producerOver(options: KafkaConnectionOptions, address: { host: string; port: number }): IdempotentProducer {
  const settings = connectionSettings(options)
  const { time, logger, retryForMs, bootstrapServers } = settings
  const connector = brokerConnector(settings)
  const link = new ClusterLink({ bootstrapServers, connect: () => connector(address), time, logger, retryForMs })
  const producer = new IdempotentProducer({
    link,
    compression: 'none',
    deliveryTimeoutMs: 30_000,
    onClosed: async () => {},
  })
  onTestFinished(() => producer.close())
  return producer
}

test('batches whose answers are lost are sent again, and are in the log once, in order', async () => {
  const { kafka, topic, cluster, bootstrapServers } = await onRealCluster({
    bootstrapServers: inject('kafka'),
    onEnd: onTestFinished,
  })
  const { way, address } = await lossyWay(bootstrapServers)
  const producer = producerOver(cluster, address)
  const partition = { topic, partition: 0 }
  for (let round = 0; round < 10; round++) {
    await producer.send([batchOf(partition, [`${round}a`, `${round}b`]), batchOf(partition, [`${round}c`])])
    way.loseNextAnswer = round % 2 === 0
  }
  expect(way.lost).toBe(5)
  const seen: string[] = []
  for await (const batch of kafka.logReader().read(partition, 0, 30)) {
    const cursor = batch.cursor()
    while (cursor.next()) seen.push(cursor.value()?.toString() ?? '')
  }
  expect(seen).toEqual(Array.from({ length: 10 }, (_, round) => [`${round}a`, `${round}b`, `${round}c`]).flat())
})
