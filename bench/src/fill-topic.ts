import type { Trade } from '@tidemark/schemas'
import { RecordCollector, type KafkaPorts } from '@tidemark/streams'
import { tradeCodec } from './trade-codec.ts'
import { closingTrades, trades, type TradesOptions } from './trades.ts'

const FLUSH_BYTES = 16 * 1024 * 1024

/** Writes a market's trades, and unless told otherwise those that close their windows. Returns how many records there are. */
export async function fillTopic(
  kafka: KafkaPorts,
  topic: string,
  { closing = true, ...market }: TradesOptions & { readonly closing?: boolean },
): Promise<number> {
  const written = await writeTrades(kafka, topic, trades(market))
  return closing ? written + (await writeTrades(kafka, topic, closingTrades(market))) : written
}

/** Writes trades, uncompressed. Returns how many. */
export async function writeTrades(kafka: KafkaPorts, topic: string, all: Iterable<Trade>): Promise<number> {
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  const codec = await tradeCodec(topic)
  await codec.prepare?.()
  await collector.open(topic)
  let written = 0
  for (const trade of all) {
    collector.add({ topic, key: trade.symbol, value: trade, codec, timestampMs: trade.trade_time_ms })
    written++
    if (collector.bufferedBytes > FLUSH_BYTES) await collector.flush()
  }
  await collector.flush()
  await producer.close()
  return written
}
