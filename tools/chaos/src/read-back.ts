import type { Codec, LogReaderPort } from '@tidemark/streams'
import type { ReadRecord } from './jobs/job.ts'

/** Every committed record of a topic that has a value, partition by partition. */
export async function readBack<V>(reader: LogReaderPort, topic: string, codec: Codec<V>): Promise<ReadRecord<V>[]> {
  const records: ReadRecord<V>[] = []
  for (const [partition, { startOffset, endOffset }] of (await reader.offsets(topic)).entries()) {
    if (startOffset >= endOffset) continue
    for await (const batch of reader.read({ topic, partition }, startOffset, endOffset)) {
      const cursor = batch.cursor()
      while (cursor.next()) {
        if (cursor.valueStart < 0) continue
        const decoded = codec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
        if (!decoded.ok)
          throw new Error(`topic ${topic} partition ${partition} offset ${cursor.offset}: ${decoded.issue.message}`)
        records.push({ partition, key: cursor.key() ?? Buffer.alloc(0), value: decoded.value })
      }
    }
  }
  return records
}
