import { RecordCollector, WATERMARK_HEADER, type KafkaPorts } from '@tidemark/streams'
import { sampleCodec, type Keyed, type Sample } from './jobs/job.ts'

export interface LoadOptions {
  readonly kafka: KafkaPorts
  readonly topic: string
  readonly samples: Iterable<Keyed<Sample>>
  /** Awaited after each batch, with how much has been written: paces the load, and ends it with false. */
  readonly goOn: (written: number) => Promise<boolean>
  /** Awaited behind the last record, while windows are open. */
  readonly beforeSilence?: () => Promise<void>
}

const BATCH = 250
/** Behind the last record: past the grace of every window. */
const SILENCE_MS = 3_600_000

/** Writes until it is told to end, then a heartbeat for each key that closes all of its windows. Returns how many records. */
export async function writeLoad({ kafka, topic, samples, goOn, beforeSilence }: LoadOptions): Promise<number> {
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  await collector.open(topic)
  const keys = new Map<string, Buffer>()
  let written = 0
  let endMs = 0
  for (const { key, value } of samples) {
    const { timestampMs } = value
    collector.add({ topic, key, value, codec: sampleCodec, timestampMs })
    keys.set(key.toString('latin1'), key)
    endMs = Math.max(endMs, timestampMs)
    if (++written % BATCH > 0) continue
    await collector.flush()
    if (!(await goOn(written))) break
  }
  await beforeSilence?.()
  endMs += SILENCE_MS
  for (const key of keys.values()) {
    const headers = [{ key: WATERMARK_HEADER, value: Buffer.from(String(endMs)) }]
    collector.addBytes({ topic, key, value: null, timestampMs: endMs, headers })
  }
  await collector.flush()
  await producer.close()
  return written
}
