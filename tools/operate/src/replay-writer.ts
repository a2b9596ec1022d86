import {
  RecordCollector,
  StreamsError,
  type BytesToWrite,
  type KafkaPorts,
  type LogReaderPort,
  type OutputBatch,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import { RefusedError } from './refused-error.ts'
import { formatProgress, type ReplayProgress } from './replay-progress.ts'

export interface ReplayWriterOptions {
  readonly kafka: Pick<KafkaPorts, 'transactionalProducer'>
  readonly reader: Pick<LogReaderPort, 'partitionCount'>
  /** The topic of dead letters: one replay of it at a time. */
  readonly topic: string
}

/** The group whose offsets say how far replays of a topic have come; also the transactional id of whoever replays it. */
export function replayGroupId(topic: string): string {
  return `tidemark-replay-${topic}`
}

/** The offsets and metadata that earlier replays of a topic have left, by partition. */
export async function replayedSoFar(
  kafka: Pick<KafkaPorts, 'consumer'>,
  topic: string,
  partitionCount: number,
): Promise<ReadonlyMap<number, { readonly offset: number; readonly metadata: string }>> {
  const consumer = kafka.consumer({ groupId: replayGroupId(topic) })
  try {
    const partitions = Array.from({ length: partitionCount }, (_, partition) => ({ topic, partition }))
    const committed = await consumer.committed(partitions)
    return new Map(committed.map(({ partition, offset, metadata }) => [partition, { offset, metadata }]))
  } finally {
    await consumer.close()
  }
}

/** Writes letters back, and how far that came, in one transaction: both or neither, whatever happens in between. */
export class ReplayWriter {
  readonly #topic: string
  readonly #producer: TransactionalProducerPort
  readonly #collector: RecordCollector
  #progress: { readonly partition: number; readonly offset: number; readonly metadata: string } | undefined

  constructor({ kafka, reader, topic }: ReplayWriterOptions) {
    this.#topic = topic
    this.#producer = kafka.transactionalProducer({ transactionalId: replayGroupId(topic) })
    this.#collector = new RecordCollector({
      partitionCount: (target) => reader.partitionCount(target),
      send: (batches) => this.#write(batches),
    })
  }

  /** Ends whatever other replay of the topic is running. To be awaited before asking how far replays have come. */
  async takeOver(): Promise<void> {
    await this.#producer.init()
  }

  /** Rejects with a `StreamsError` where the record's topic does not exist. */
  async add(record: BytesToWrite): Promise<void> {
    await this.#collector.open(record.topic)
    this.#collector.addBytes(record)
  }

  /** Writes what was added since the last time, with the progress of the partition it all came from. */
  async commit(partition: number, progress: ReplayProgress): Promise<void> {
    this.#progress = { partition, ...formatProgress(progress, `topic ${this.#topic} partition ${partition}`) }
    if (this.#collector.bufferedRecords === 0) await this.#write([])
    else await this.#collector.flush()
  }

  async close(): Promise<void> {
    await this.#producer.close()
  }

  async #write(batches: readonly OutputBatch[]): Promise<void> {
    const topic = this.#topic
    const offsets = this.#progress === undefined ? [] : [{ topic, ...this.#progress }]
    try {
      await this.#producer.commit({ batches, groupId: replayGroupId(topic), offsets })
    } catch (error) {
      if (!(error instanceof StreamsError) || error.code !== 'fenced') throw error
      throw new RefusedError(
        `topic ${topic}: another replay of it was started and goes on from here; nothing is written twice`,
      )
    }
  }
}
