import { readValues, type Codec, type LogReaderPort } from '@tidemark/streams'
import type { Read } from './jobs/job.ts'

/** Every committed record of a topic that has a value, partition by partition. */
export async function readBack<V>(reader: LogReaderPort, topic: string, codec: Codec<V>): Promise<Read<V>[]> {
  const records: Read<V>[] = []
  for await (const { partition, key, value } of readValues(reader, topic, codec))
    records.push({ partition, key: key ?? Buffer.alloc(0), value })
  return records
}
