import type { KafkaPorts } from '@tidemark/streams'
import { candleCodec, type Candle } from './jobs/candle.ts'

/** All committed candles of a topic. Rejects where a window has two. */
export async function readCandles(kafka: KafkaPorts, topic: string): Promise<Map<string, Candle>> {
  const reader = kafka.logReader()
  const candles = new Map<string, Candle>()
  for (const [partition, { startOffset, endOffset }] of (await reader.offsets(topic)).entries()) {
    if (startOffset >= endOffset) continue
    for await (const batch of reader.read({ topic, partition }, startOffset, endOffset)) {
      const cursor = batch.cursor()
      while (cursor.next()) {
        const decoded = candleCodec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
        if (!decoded.ok) throw new Error(`topic ${topic} partition ${partition}: ${decoded.issue.message}`)
        const name = `${cursor.key()?.toString()} ${decoded.value.startMs}`
        if (candles.has(name)) throw new Error(`topic ${topic}: two results of window ${name}`)
        candles.set(name, decoded.value)
      }
    }
  }
  await reader.close()
  return candles
}
