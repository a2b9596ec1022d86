import type { KafkaPorts } from '@tidemark/streams'
import { RecordCollector } from '@tidemark/streams'
import { tradeCodec } from './trade-codec.ts'
import { closingTrades, trades, type TradesOptions } from './trades.ts'

const FLUSH_BYTES = 16 * 1024 * 1024

/** Writes the trades, uncompressed, and those that close their windows. Returns how many records there are. */
export async function fillTopic(kafka: KafkaPorts, topic: string, options: TradesOptions): Promise<number> {
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  const codec = await tradeCodec(topic)
  await codec.prepare?.()
  await collector.open(topic)
  let written = 0
  for (const part of [trades(options), closingTrades(options)]) {
    for (const trade of part) {
      collector.add({ topic, key: trade.symbol, value: trade, codec, timestampMs: trade.trade_time_ms })
      written++
      if (collector.bufferedBytes > FLUSH_BYTES) await collector.flush()
    }
  }
  await collector.flush()
  await producer.close()
  return written
}
