import { randomUUID } from 'node:crypto'
import { RecordBatchBuilder, type ConsumerPort, type RebalanceListener, type TopicPartition } from '@tidemark/streams'
import { ClusterLink } from './cluster-link.ts'
import { connectionSettings, type KafkaConnectionOptions } from './connection-options.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { createAdmin, createOperations, kafkaPorts, type KafkaLogger } from './index.ts'
import { brokerConnector } from './kafkajs-internals.ts'
import { leaveGroupCall } from './protocol/leave-group.ts'

export interface Logged {
  readonly level: string
  readonly message: string
}

/** What a test lends: the real broker's address, and to be called when it ends. */
export interface Ring {
  readonly bootstrapServers: string
  onEnd(end: () => Promise<void>): void
}

export interface TopicOptions {
  readonly partitions?: number
  readonly config?: Record<string, string>
}

/** Ports, admin and a fresh topic on a real broker; closed and deleted when the test ends. */
export async function onRealCluster(ring: Ring, { partitions = 1, config = {} }: TopicOptions = {}) {
  const logged: Logged[] = []
  const log = (level: string) => (_: object, message: string) => void logged.push({ level, message })
  const logger: KafkaLogger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') }
  const { bootstrapServers } = ring
  const cluster = { bootstrapServers, clientId: 'tidemark-kafka-tests', logger }
  const admin = createAdmin(cluster)
  const kafka = kafkaPorts(cluster)
  const topic = `kafka-test-${randomUUID()}`
  const groupId = topic
  await admin.createTopics([{ name: topic, partitions, config }])
  const members: PollingMember[] = []
  ring.onEnd(async () => {
    for (const member of members) await member.stop()
    await kafka.close()
    await admin.deleteTopics([topic])
    await admin.close()
  })
  const polling = (consumer: ConsumerPort, listener: Partial<RebalanceListener> = {}): PollingMember => {
    const member = new PollingMember(consumer, topic, listener)
    members.push(member)
    return member
  }
  return { bootstrapServers, cluster, admin, kafka, topic, groupId, logged, polling }
}

/** Takes all members out of a group: it is left in their names, and they do not hear of it. */
export async function endSessions(cluster: KafkaConnectionOptions, groupId: string): Promise<void> {
  const settings = connectionSettings(cluster)
  const link = new ClusterLink({ ...settings, connect: brokerConnector(settings) })
  const operations = createOperations(cluster)
  try {
    const { members } = await operations.describeGroup(groupId)
    const coordinator = new GroupCoordinator(link, groupId)
    for (const { memberId } of members) await coordinator.askAgain(leaveGroupCall(groupId, memberId), (code) => [code])
  } finally {
    await operations.close()
    await link.close()
  }
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

/** A member that writes down what happens to it, and polls on until it is stopped. */
export class PollingMember {
  readonly events: string[] = []
  readonly values: string[] = []
  held: readonly number[] = []
  readonly #done: Promise<void>
  #stopped = false

  constructor(consumer: ConsumerPort, topic: string, listener: Partial<RebalanceListener>) {
    const tell = (event: keyof RebalanceListener) => async (partitions: readonly TopicPartition[]) => {
      const numbers = partitions.map(({ partition }) => partition)
      this.events.push(`${event} ${numbers.join()}`)
      this.held = event === 'assigned' ? numbers : []
      await listener[event]?.(partitions)
    }
    consumer.subscribe([topic], { assigned: tell('assigned'), revoked: tell('revoked'), lost: tell('lost') })
    this.#done = this.#poll(consumer)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #poll(consumer: ConsumerPort): Promise<void> {
    while (!this.#stopped) {
      for (const batch of await consumer.poll(100)) {
        const cursor = batch.cursor()
        while (cursor.next()) this.values.push(cursor.value()?.toString() ?? '')
      }
    }
  }
}
