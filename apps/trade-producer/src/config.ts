import { tradeStreamUrl } from '@tidemark/binance'
import { topicNames } from '@tidemark/schemas'
import { commaList, durationS, httpUrl, kafkaConfig, serviceFields } from '@tidemark/service'
import { z } from 'zod'

const defaultSymbols = ['BTCUSDT', 'ETHUSDT', 'BNBUSDT']

const fields = kafkaConfig({
  ...serviceFields(8080),
  KAFKA_TOPIC: z.string().default(topicNames.binanceTrades),
  KAFKA_DLQ_TOPIC: z.string().default(topicNames.binanceTradesDlq),
  SCHEMA_REGISTRY_URL: httpUrl(),
  SYMBOLS: commaList('symbols such as BTCUSDT')
    .transform((symbols) => [...new Set(symbols.map((symbol) => symbol.toUpperCase()))])
    .default(defaultSymbols),
  BINANCE_WS_URL: z
    .string()
    .refine(isExchangeUrl)
    .describe('a ws:// or wss:// address without a path')
    .default('wss://data-stream.binance.vision'),
  RECONNECT_DELAY_S: durationS().refine(isPositive).default(5),
  MAX_RECONNECT_DELAY_S: durationS().refine(isPositive).default(60),
})

/** The producer's settings, by their names in the environment. */
export const producerConfig = fields.refine(
  ({ RECONNECT_DELAY_S, MAX_RECONNECT_DELAY_S }) => MAX_RECONNECT_DELAY_S >= RECONNECT_DELAY_S,
  { message: 'MAX_RECONNECT_DELAY_S is below RECONNECT_DELAY_S: the first delay would be longer than the longest' },
)

export type ProducerConfig = z.output<typeof producerConfig>

function isExchangeUrl(text: string): boolean {
  try {
    tradeStreamUrl(text, defaultSymbols)
    return true
  } catch {
    return false
  }
}

function isPositive(seconds: number): boolean {
  return seconds > 0
}
