import {
  recordBatch,
  StreamsError,
  type ConsumerOptions,
  type ConsumerPort,
  type InternalTopic,
  type KafkaPorts,
  type LogReaderPort,
  type OutputBatch,
  type ProducerPort,
  type RecordBatch,
  type TopicPartition,
  type TransactionalProducerOptions,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import { InMemoryConsumer, InMemoryGroup } from './in-memory-group.ts'
import { InMemoryTransactions } from './in-memory-transactions.ts'

interface StoredBatch extends OutputBatch {
  readonly baseOffset: number
}

/** The log of one partition. */
export interface PartitionLog {
  readonly batches: StoredBatch[]
  endOffset: number
}

/**
 * A Kafka in memory behind the engine's ports: topics with partitions, groups with offsets, records as real batches. It never
 * waits and has no retention; what a broker adds (replication, time-outs, disconnects) is not here.
 */
export class InMemoryKafka implements KafkaPorts {
  readonly #topics = new Map<string, PartitionLog[]>()
  readonly #groups = new Map<string, InMemoryGroup>()
  readonly #transactions = new InMemoryTransactions({
    mustHave: ({ topic, partition }) => void this.#log(topic, partition),
    append: (batch) => this.#append(batch),
    group: (groupId) => this.group(groupId),
  })

  /** Makes a topic; one that exists is left as it is. Throws a `StreamsError` for a name that a broker would refuse, and a RangeError for partitions that can't be. */
  createTopic(name: string, partitions = 1): void {
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(name)) {
      throw new StreamsError(
        'topic-missing',
        `topic ${name} can't be made: letters, digits, '.', '_' and '-' are allowed`,
      )
    }
    if (!Number.isSafeInteger(partitions) || partitions < 1) {
      throw new RangeError(`topic ${name}: partitions is ${partitions}, not a whole number from 1 on`)
    }
    if (this.#topics.has(name)) return
    this.#topics.set(
      name,
      Array.from({ length: partitions }, () => ({ batches: [], endOffset: 0 })),
    )
  }

  /** Names of all topics: those that were made, and those of the engine. */
  get topicNames(): string[] {
    return [...this.#topics.keys()]
  }

  producer(): ProducerPort {
    return {
      partitionCount: async (topic) => this.partitions(topic).length,
      send: async (batches) => {
        for (const batch of batches) this.#append(batch)
      },
      close: async () => undefined,
    }
  }

  consumer(options: ConsumerOptions): ConsumerPort {
    return new InMemoryConsumer(this, this.group(options.groupId), options.startAt ?? 'earliest')
  }

  transactionalProducer({ transactionalId }: TransactionalProducerOptions): TransactionalProducerPort {
    return this.#transactions.producer(transactionalId)
  }

  async ensureTopics(topics: readonly InternalTopic[]): Promise<void> {
    for (const { name, partitions } of topics) {
      this.createTopic(name, partitions)
      const found = this.partitions(name).length
      if (found === partitions) continue
      throw new StreamsError('topic-mismatch', `topic ${name} has ${found} partitions, ${partitions} are expected`)
    }
  }

  logReader(): LogReaderPort {
    return {
      partitionCount: async (topic) => this.partitions(topic).length,
      offsets: async (topic) => this.partitions(topic).map(({ endOffset }) => ({ startOffset: 0, endOffset })),
      read: (partition, fromOffset, toOffset) => this.#read(partition, fromOffset, toOffset),
      nextTurn: async () => undefined,
      close: async () => undefined,
    }
  }

  /** A consumer group, for tests that look at committed offsets or kill its members. */
  group(groupId: string): InMemoryGroup {
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      group = new InMemoryGroup(groupId)
      this.#groups.set(groupId, group)
    }
    return group
  }

  partitions(topic: string): readonly PartitionLog[] {
    const logs = this.#topics.get(topic)
    if (logs === undefined) throw new StreamsError('topic-missing', `topic ${topic} does not exist`)
    return logs
  }

  /** The batches of a partition from an offset on. */
  batchesFrom({ topic, partition }: TopicPartition, fromOffset: number): RecordBatch[] {
    const { batches } = this.#log(topic, partition)
    return batches
      .filter(({ baseOffset, count }) => baseOffset + count > fromOffset)
      .map((batch) => recordBatch({ ...batch, nextOffset: batch.baseOffset + batch.count, fromOffset }))
  }

  /** The batch with the record at an offset, or the first one after it. */
  batchFrom({ topic, partition }: TopicPartition, fromOffset: number): RecordBatch | undefined {
    const { batches } = this.#log(topic, partition)
    const batch = batches.find(({ baseOffset, count }) => baseOffset + count > fromOffset)
    return batch && recordBatch({ ...batch, nextOffset: batch.baseOffset + batch.count, fromOffset })
  }

  async *#read(partition: TopicPartition, fromOffset: number, toOffset: number): AsyncGenerator<RecordBatch> {
    for (const batch of this.batchesFrom(partition, fromOffset)) if (batch.baseOffset < toOffset) yield batch
  }

  #append(batch: OutputBatch): void {
    const log = this.#log(batch.topic, batch.partition)
    // The sender may reuse its buffer once `send` has settled.
    log.batches.push({ ...batch, records: Buffer.from(batch.records), baseOffset: log.endOffset })
    log.endOffset += batch.count
  }

  #log(topic: string, partition: number): PartitionLog {
    const log = this.partitions(topic)[partition]
    if (log === undefined) throw new StreamsError('topic-missing', `topic ${topic} has no partition ${partition}`)
    return log
  }
}
