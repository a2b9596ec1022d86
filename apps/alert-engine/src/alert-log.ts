import type { Alert } from '@tidemark/schemas'
import { RecordCollector, type Codec, type ExternalSink, type KafkaPorts } from '@tidemark/streams'

export interface AlertLogOptions {
  readonly kafka: KafkaPorts
  readonly topic: string
  readonly codec: Codec<Alert>
  /** Called with how many were written, once they are acknowledged. */
  readonly written: (count: number) => void
}

/** Writes alerts to their topic, keyed by alert id (the stream itself is keyed by symbol), so that compaction keeps each one's last state. */
export async function alertLog({ kafka, topic, codec, written }: AlertLogOptions): Promise<ExternalSink<Alert>> {
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  await collector.open(topic)
  await codec.prepare?.()
  return {
    name: `topic ${topic}`,
    async write(records) {
      for (const { value, timestampMs } of records) collector.add({ topic, key: value.id, value, codec, timestampMs })
      await collector.flush()
      written(records.length)
    },
    close: () => producer.close(),
  }
}
