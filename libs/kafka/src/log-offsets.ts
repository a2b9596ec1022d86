import { StreamsError, type TopicPartition } from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import { KafkaErrorCode, kafkaError, partitionName } from './kafka-error.ts'
import type { Isolation } from './protocol/fetch.ts'
import { listOffsetsCall, type OffsetAt } from './protocol/list-offsets.ts'

export interface LogOffsetsRequest {
  readonly partitions: readonly TopicPartition[]
  readonly at: OffsetAt
  readonly isolation: Isolation
}

/** One end of each of these partitions, in their order, asked of their leaders; transient failures are repeated. */
export async function logOffsets(link: ClusterLink, request: LogOffsetsRequest): Promise<number[]> {
  const { partitions, at } = request
  const found = new Map<TopicPartition, number>()
  await link.retry(`${at} offsets`, async () => {
    const missing = partitions.filter((partition) => !found.has(partition))
    await Promise.all([...(await byLeader(link, missing))].map(async ([nodeId, led]) => ask(nodeId, led)))
  })
  return partitions.map((partition) => found.get(partition) as number)

  async function ask(nodeId: number, led: readonly TopicPartition[]): Promise<void> {
    const asked = led.map(({ topic, partition }) => ({ topic, partition, at }))
    const forgetAll = () => led.forEach(({ topic }) => link.forget(topic))
    const listed = await link
      .send(nodeId, listOffsetsCall({ isolation: request.isolation, partitions: asked }))
      .catch((error: unknown) => {
        forgetAll()
        throw error
      })
    for (const { topic, partition, errorCode, offset } of listed) {
      if (errorCode !== KafkaErrorCode.none) {
        link.forget(topic)
        throw kafkaError(errorCode, partitionName({ topic, partition }))
      }
      const key = led.find((one) => one.topic === topic && one.partition === partition)
      if (key !== undefined) found.set(key, offset)
    }
  }
}

/** Groups partitions by their leader, asking for those that are not known. Rejects, retriable, while one has none. */
async function byLeader(
  link: ClusterLink,
  partitions: readonly TopicPartition[],
): Promise<Map<number, TopicPartition[]>> {
  const unknown = partitions.filter((partition) => link.leaderOf(partition) === undefined)
  if (unknown.length > 0) await link.refresh([...new Set(unknown.map(({ topic }) => topic))])
  const led = new Map<number, TopicPartition[]>()
  for (const partition of partitions) {
    const leader = link.leaderOf(partition)
    if (leader === undefined) {
      const subject = partitionName(partition)
      throw new StreamsError('broker-unavailable', `${subject} has no leader, or does not exist`, { retriable: true })
    }
    const known = led.get(leader)
    if (known === undefined) led.set(leader, [partition])
    else known.push(partition)
  }
  return led
}
