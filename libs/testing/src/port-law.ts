import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  RecordBatchBuilder,
  type KafkaPorts,
  type OutputBatch,
  type RecordBatch,
  type TopicPartition,
} from '@tidemark/streams'

/** A Kafka client, with a cluster behind it, that is held to the laws of the ports. */
export interface KafkaUnderTest {
  readonly kafka: KafkaPorts
  /** Makes a topic of a name that was never used, and resolves with the name. */
  createTopic(partitions: number): Promise<string>
  /** Takes all members out of a group, as a broker does with those that were silent for too long; they are not told. */
  endSessions(groupId: string): Promise<void>
  /** Lets a moment pass while a law waits for something to happen elsewhere: some milliseconds on a real cluster. */
  moment(): Promise<void>
  /** Is called when the law has been checked, and closes what it left open; before `kafka` itself is closed. */
  onEnd(end: () => Promise<void>): void
}

/** What every implementation of the ports promises. */
export interface PortLaw {
  readonly law: string
  /** Rejects where the promise is broken. Takes a fresh `subject.kafka`; several may run beside each other. */
  check(subject: KafkaUnderTest): Promise<void>
}

/** Moments that something may take to happen. */
const PATIENCE = 3_000

/** Resolves when the statement is true; rejects with its text after many moments in which it was not. */
export async function eventually(
  subject: KafkaUnderTest,
  statement: string,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let moment = 0; moment < PATIENCE; moment++) {
    if (await isTrue()) return
    await subject.moment()
    // Members poll in loops of their own, which have to get their turn.
    await nextTurn()
  }
  throw new Error(`it did not come true that ${statement}`)
}

/** A batch of records without keys. */
export function batchOf({ topic, partition }: TopicPartition, values: readonly string[]): OutputBatch {
  const builder = new RecordBatchBuilder(topic, partition)
  for (const [index, value] of values.entries()) {
    const valueBytes = Buffer.from(value)
    builder.append({ key: null, valueBytes, valueLength: valueBytes.length, timestampMs: 1_700_000_000_000 + index })
  }
  return builder.batch()
}

/** `prefix 0`, `prefix 1` and so on. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index}`)
}

/** The values of a batch, each behind its offset: `7:value`. */
export function valuesOf(batch: RecordBatch): string[] {
  const values: string[] = []
  const cursor = batch.cursor()
  while (cursor.next()) values.push(`${cursor.offset}:${cursor.value()?.toString()}`)
  return values
}

/** The committed values of a partition, without their offsets. */
export async function committedValues(kafka: KafkaPorts, partition: TopicPartition): Promise<string[]> {
  const reader = kafka.logReader()
  try {
    const endOffset = (await reader.offsets(partition.topic))[partition.partition]?.endOffset ?? 0
    const values: string[] = []
    for await (const batch of reader.read(partition, 0, endOffset)) values.push(...valuesOf(batch))
    return values.map((value) => value.slice(value.indexOf(':') + 1))
  } finally {
    await reader.close()
  }
}

/** The metadata of a group's committed offsets, `-` where a partition has none. */
export async function committedMetadata(
  kafka: KafkaPorts,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<string[]> {
  const consumer = kafka.consumer({ groupId })
  try {
    const offsets = await consumer.committed(partitions)
    return partitions.map(
      ({ topic, partition }) =>
        offsets.find((offset) => offset.topic === topic && offset.partition === partition)?.metadata ?? '-',
    )
  } finally {
    await consumer.close()
  }
}
