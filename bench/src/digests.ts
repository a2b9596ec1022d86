import { createHash } from 'node:crypto'
import type { KafkaPorts } from '@tidemark/streams'

/** Of each partition: how many records it has, and a hash over their keys and values in order. Rejects where there are none at all. */
export async function digests(kafka: KafkaPorts, topic: string): Promise<string[]> {
  const reader = kafka.logReader()
  const found: string[] = []
  let all = 0
  for (const [partition, { startOffset, endOffset }] of (await reader.offsets(topic)).entries()) {
    const hash = createHash('sha256')
    let count = 0
    for await (const batch of reader.read({ topic, partition }, startOffset, endOffset)) {
      const cursor = batch.cursor()
      for (; cursor.next(); count++) {
        hash.update(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd))
        hash.update(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd))
      }
    }
    all += count
    found.push(`${count} ${hash.digest('hex').slice(0, 16)}`)
  }
  await reader.close()
  if (all === 0) throw new Error(`topic ${topic} has no records to compare`)
  return found
}
