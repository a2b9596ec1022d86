import type { LogReaderPort, RecordBatch, TopicPartition } from '@tidemark/streams'
import { InMemoryKafka } from './in-memory-kafka.ts'

/** A Kafka whose changelog of windows is read in steps that the test takes. */
export class SteppedKafka extends InMemoryKafka {
  readonly steps: (() => void)[] = []

  override logReader(): LogReaderPort {
    const reader = super.logReader()
    return { ...reader, read: (partition, from, to) => this.#stepped(reader.read(partition, from, to), partition) }
  }

  async *#stepped(batches: AsyncIterable<RecordBatch>, { topic }: TopicPartition): AsyncGenerator<RecordBatch> {
    for await (const batch of batches) {
      if (topic.endsWith(`-changelog`) && !topic.includes('clock')) {
        await new Promise<void>((resolve) => void this.steps.push(resolve))
      }
      yield batch
    }
  }
}
