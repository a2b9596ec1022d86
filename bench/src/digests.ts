import { createHash } from 'node:crypto'
import type { KafkaPorts } from '@tidemark/streams'

/** Of each partition: how many records it has, and a hash over their keys and values in order. */
export async function digests(kafka: KafkaPorts, topic: string): Promise<string[]> {
  const reader = kafka.logReader()
  const found: string[] = []
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
    found.push(`${count} ${hash.digest('hex').slice(0, 16)}`)
  }
  await reader.close()
  return found
}
