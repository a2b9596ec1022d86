import { readValues, type KafkaPorts } from '@tidemark/streams'
import { candleCodec, type Candle } from './jobs/candle.ts'

/** All committed candles of a topic. Rejects where a window has two. */
export async function readCandles(kafka: KafkaPorts, topic: string): Promise<Map<string, Candle>> {
  const reader = kafka.logReader()
  const candles = new Map<string, Candle>()
  for await (const { key, value } of readValues(reader, topic, candleCodec)) {
    const name = `${key?.toString()} ${value.startMs}`
    if (candles.has(name)) throw new Error(`topic ${topic}: two results of window ${name}`)
    candles.set(name, value)
  }
  await reader.close()
  return candles
}
