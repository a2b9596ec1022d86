import { readValues, type Codec, type LogReaderPort } from '@tidemark/streams'
import type { Keyed } from './jobs/job.ts'

/** Every committed record of a topic that has a value, partition by partition. */
export async function readBack<V>(reader: LogReaderPort, topic: string, codec: Codec<V>): Promise<Keyed<V>[]> {
  const records: Keyed<V>[] = []
  for await (const { key, value } of readValues(reader, topic, codec))
    records.push({ key: key ?? Buffer.alloc(0), value })
  return records
}
