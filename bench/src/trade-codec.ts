import { avroCodec, inMemoryRegistry, valueSubject, type AvroCodecOptions, type Trade } from '@tidemark/schemas'
import type { Codec } from '@tidemark/streams'
import { candleFields, type CandleTrade } from './jobs/candle.ts'

/** Where codecs find the schema of trades. A registry is asked once per start, which is not measured: one in memory will do. */
async function registryOf(topic: string): Promise<AvroCodecOptions> {
  const registry = inMemoryRegistry()
  const subject = valueSubject(topic)
  await registry.register(subject, 'Trade')
  return { registry, subject }
}

/** Whole trades. */
export async function tradeCodec(topic: string): Promise<Codec<Trade>> {
  return avroCodec<Trade>('Trade', await registryOf(topic))
}

/** Reads what candles are made of. */
export async function candleTradeCodec(topic: string): Promise<Codec<CandleTrade>> {
  return avroCodec('Trade', { ...(await registryOf(topic)), projection: candleFields })
}
