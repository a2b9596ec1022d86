import { deadLetterRecord, RecordCollector, type Codec, type KafkaPorts } from '@tidemark/streams'
import type { InfluxPoint } from './influx-point.ts'

/** A record that InfluxDB will never take, and why. */
export interface RefusedRecord<V> {
  readonly key: string
  readonly value: V
  readonly code: 'not-a-point' | 'refused-by-influxdb'
  readonly message: string
}

export interface RefusedRecords<V> {
  /** Resolves when all of them are in the dead letter topic. */
  write(refused: readonly RefusedRecord<V>[]): Promise<void>
  close(): Promise<void>
}

export interface RefusedRecordsOptions {
  readonly kafka: KafkaPorts
  readonly topic: string
  /** Those that the records are written with. */
  readonly codecs: readonly Pick<Codec<never>, 'prepare'>[]
  readonly nowMs: () => number
}

/** Sets refused records aside in a dead letter topic, key and value as they were, the reason in headers. */
export async function refusedRecords({
  kafka,
  topic,
  codecs,
  nowMs,
}: RefusedRecordsOptions): Promise<RefusedRecords<InfluxPoint>> {
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  await collector.open(topic)
  for (const codec of codecs) await codec.prepare?.()
  return {
    async write(refused) {
      for (const { key, value, code, message } of refused) {
        const letter = { topic, key: null, value: null, code, message, exception: 'RefusedRecord', attempts: 1 }
        const { headers = [], timestampMs } = deadLetterRecord({ ...letter, ingestionTimeMs: nowMs() })
        value.refuseTo(collector, { topic, key, timestampMs, headers })
      }
      await collector.flush()
    },
    close: () => producer.close(),
  }
}
