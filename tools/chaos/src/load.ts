import { RecordCollector, WATERMARK_HEADER, type KafkaPorts } from '@tidemark/streams'
import { sampleCodec, type Sample } from './jobs.ts'

export interface LoadOptions {
  readonly kafka: KafkaPorts
  readonly topic: string
  readonly keys: number
  readonly random: () => number
  /** Awaited after each batch, with how much has been written: paces the load, and ends it with false. */
  readonly goOn: (written: number) => Promise<boolean>
}

const BATCH = 250
/** Event time between two records, on average; they come out of order by less than the grace. */
const STEP_MS = 2
const DISORDER_MS = 150

/** Writes until it is told to end, then a heartbeat for each key that closes all of its windows. Returns how many records. */
export async function writeLoad({ kafka, topic, keys, random, goOn }: LoadOptions): Promise<number> {
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  await collector.open(topic)
  const sequences = new Map<string, number>()
  let written = 0
  for (let more = true; more; written++) {
    const key = `key-${Math.floor(random() * keys)}`
    const sequence = sequences.get(key) ?? 0
    sequences.set(key, sequence + 1)
    const timestampMs = Math.max(0, written * STEP_MS - Math.floor(random() * DISORDER_MS))
    const value: Sample = { sequence, timestampMs, amount: Math.floor(random() * 1_000) }
    collector.add({ topic, key, value, codec: sampleCodec, timestampMs })
    if (collector.bufferedRecords < BATCH) continue
    await collector.flush()
    more = await goOn(written + 1)
  }
  const endMs = written * STEP_MS + 3_600_000
  for (const key of sequences.keys()) {
    const headers = [{ key: WATERMARK_HEADER, value: Buffer.from(String(endMs)) }]
    collector.addBytes({ topic, key: Buffer.from(key), value: null, timestampMs: endMs, headers })
  }
  await collector.flush()
  await producer.close()
  return written
}
