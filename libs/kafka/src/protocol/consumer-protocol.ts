import type { TopicPartition } from '@tidemark/streams'
import { byTopic } from './by-topic.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/** What a member tells the leader of its group. */
export interface Subscription {
  readonly topics: readonly string[]
  /** What the member held in `generation`, so that it can keep it. */
  readonly owned: readonly TopicPartition[]
  /** -1 for a member that held nothing yet. */
  readonly generation: number
}

const SUBSCRIPTION_VERSION = 2
const ASSIGNMENT_VERSION = 1

/** In the consumer protocol's own encoding, so that Kafka's tools can show it. */
export function encodeSubscription({ topics, owned, generation }: Subscription): Buffer {
  const writer = new ByteWriter().int16(SUBSCRIPTION_VERSION)
  writer.array(topics, (topic) => writer.string(topic))
  writer.sizedBytes(null) // user_data
  writePartitions(writer, owned)
  return writer.int32(generation).bytes
}

/** Reads also what clients of other versions write: what those leave out is empty. */
export function decodeSubscription(bytes: Buffer): Subscription {
  const reader = new ByteReader(bytes)
  const version = reader.int16()
  const topics = reader.array(() => reader.string())
  reader.nullableBytes() // user_data
  const owned = version >= 1 ? readPartitions(reader) : []
  const generation = version >= 2 ? reader.int32() : -1
  return { topics, owned, generation }
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const writer = new ByteWriter().int16(ASSIGNMENT_VERSION)
  writePartitions(writer, partitions)
  return writer.sizedBytes(null).bytes
}

/** An empty assignment has no bytes at all. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new ByteReader(bytes)
  reader.int16() // version
  return readPartitions(reader)
}

function writePartitions(writer: ByteWriter, partitions: readonly TopicPartition[]): void {
  writer.array(byTopic(partitions), ({ topic, entries }) => {
    writer.string(topic).array(entries, ({ partition }) => writer.int32(partition))
  })
}

function readPartitions(reader: ByteReader): TopicPartition[] {
  const topics = reader.array(() => {
    const topic = reader.string()
    return reader.array(() => ({ topic, partition: reader.int32() }))
  })
  return topics.flat()
}
