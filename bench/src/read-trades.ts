import type { Trade } from '@tidemark/schemas'
import type { KafkaPorts } from '@tidemark/streams'
import { tradeCodec } from './trade-codec.ts'

/** All trades of a topic's first partition. */
export async function readTrades(kafka: KafkaPorts, topic: string): Promise<Trade[]> {
  const codec = await tradeCodec(topic)
  await codec.prepare?.()
  const reader = kafka.logReader()
  const { startOffset, endOffset } = (await reader.offsets(topic))[0]!
  const found: Trade[] = []
  for await (const batch of reader.read({ topic, partition: 0 }, startOffset, endOffset)) {
    const cursor = batch.cursor()
    while (cursor.next()) {
      const decoded = codec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
      if (!decoded.ok) throw new Error(`topic ${topic} offset ${cursor.offset}: ${decoded.issue.message}`)
      found.push({ ...decoded.value })
    }
  }
  await reader.close()
  return found
}
