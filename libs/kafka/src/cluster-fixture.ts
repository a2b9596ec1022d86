import { randomUUID } from 'node:crypto'
import { RecordBatchBuilder, type ConsumerPort, type RebalanceListener, type TopicPartition } from '@tidemark/streams'
import { inject, onTestFinished } from 'vitest'
import { createAdmin, kafkaPorts, type KafkaLogger } from './index.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
  }
}

export interface Logged {
  readonly level: string
  readonly message: string
}

/** Ports, admin and a fresh topic on the real broker of the integration ring; closed and deleted when the test ends. */
export async function onRealCluster({ partitions = 1, config = {} } = {}) {
  const logged: Logged[] = []
  const log = (level: string) => (_: object, message: string) => void logged.push({ level, message })
  const logger: KafkaLogger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') }
  const bootstrapServers = inject('kafka')
  const cluster = { bootstrapServers, clientId: 'tidemark-kafka-tests', logger }
  const admin = createAdmin(cluster)
  const kafka = kafkaPorts(cluster)
  const topic = `kafka-test-${randomUUID()}`
  const groupId = topic
  await admin.createTopics([{ name: topic, partitions, config }])
  onTestFinished(async () => {
    await kafka.close()
    await admin.deleteTopics([topic])
    await admin.close()
  })
  return { bootstrapServers, cluster, admin, kafka, topic, groupId, logged }
}

/** A batch of string values. */
export function batchOf({ topic, partition }: TopicPartition, values: readonly string[]) {
  const builder = new RecordBatchBuilder(topic, partition)
  for (const [index, value] of values.entries()) {
    const valueBytes = Buffer.from(value)
    const key = Buffer.from(`key ${index}`)
    const headers = [{ key: 'h', value: Buffer.from('x') }]
    builder.append({ key, valueBytes, valueLength: valueBytes.length, timestampMs: 1_700_000_000_000 + index, headers })
  }
  return builder.batch()
}

/** A member that writes down what happens to it, and polls on until the test ends or stops it. */
export function polling(consumer: ConsumerPort, topic: string, listener: Partial<RebalanceListener> = {}) {
  const member = { held: [] as number[], events: [] as string[], values: [] as string[], stopped: false }
  const tell = (event: keyof RebalanceListener) => async (partitions: readonly TopicPartition[]) => {
    const numbers = partitions.map(({ partition }) => partition)
    member.events.push(`${event} ${numbers.join()}`)
    member.held = event === 'assigned' ? numbers : []
    await listener[event]?.(partitions)
  }
  consumer.subscribe([topic], { assigned: tell('assigned'), revoked: tell('revoked'), lost: tell('lost') })
  const done = (async () => {
    while (!member.stopped) {
      for (const batch of await consumer.poll(100)) {
        const cursor = batch.cursor()
        while (cursor.next()) member.values.push(cursor.value()?.toString() ?? '')
      }
    }
  })()
  const stop = async () => {
    member.stopped = true
    await done
  }
  onTestFinished(stop)
  return { member, stop }
}
