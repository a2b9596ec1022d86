import type { Trade } from '@tidemark/schemas'
import { readValues, type KafkaPorts } from '@tidemark/streams'
import { tradeCodec } from './trade-codec.ts'

/** All trades of a topic. */
export async function readTrades(kafka: KafkaPorts, topic: string): Promise<Trade[]> {
  const codec = await tradeCodec(topic)
  await codec.prepare?.()
  const reader = kafka.logReader()
  const found: Trade[] = []
  for await (const { value } of readValues(reader, topic, codec)) found.push({ ...value })
  await reader.close()
  return found
}
