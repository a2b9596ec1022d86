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

/**
 * Throws where what was read back is not what was made, by key: reader and application fetch in the same way, so that what both of them
 * leave out would be missing nowhere.
 */
export function throwIfNotAsMade(
  read: readonly Keyed<Sample>[],
  samples: Iterable<Keyed<Sample>>,
  count: number,
): void {
  const made: Keyed<Sample>[] = []
  for (const sample of samples) {
    if (made.length === count) break
    made.push(sample)
  }
  const texts = (all: readonly Keyed<Sample>[]) =>
    [...Map.groupBy(all, ({ key }) => key.toString('hex'))]
      .map(([key, ofKey]) => `${key} ${JSON.stringify(ofKey.map(({ value }) => value))}`)
      .sort()
  const found = new Set(texts(read))
  const differing = texts(made).filter((text) => !found.has(text))
  if (read.length === count && differing.length === 0) return
  throw new Error(`of ${count} records that were written ${read.length} are read back; ${differing.length} keys differ`)
}
