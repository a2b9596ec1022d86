import { tradeStreamUrl } from '@tidemark/binance'
import { topicNames } from '@tidemark/schemas'
import { durationMs, durationS, httpUrl, integer, kafkaConfig, serviceFields } from '@tidemark/service'
import { z } from 'zod'
import { parseShards } from './symbol-shards.ts'

/**
 * The broker aborts a transaction that is open for longer. Long enough for the longest COMMIT_INTERVAL_MS and the commit at its end;
 * no longer, since what a killed shard had open holds up readers of trades, and other shards that start, until then.
 */
export const transactionTimeoutMs = 15_000
const maxCommitIntervalMs = 10_000

const defaultSymbols = 'BTCUSDT,ETHUSDT,BNBUSDT'

const shards = z.string().transform((text, context) => {
  const parsed = parseShards(text)
  if (parsed.ok) return parsed.shards
  context.addIssue({ code: 'custom', message: parsed.issue })
  return z.NEVER
})

const fields = kafkaConfig({
  ...serviceFields(8080),
  KAFKA_TOPIC: z.string().default(topicNames.binanceTrades),
  KAFKA_DLQ_TOPIC: z.string().default(topicNames.binanceTradesDlq),
  KAFKA_POSITIONS_TOPIC: z.string().default(topicNames.tradeProducerPositions),
  KAFKA_GAPS_TOPIC: z.string().default(topicNames.tradeGaps),
  SCHEMA_REGISTRY_URL: httpUrl(),
  SYMBOLS: shards
    .describe('symbols separated by commas, shards by semicolons; no shard empty, no symbol in two')
    .prefault(defaultSymbols),
  SYMBOLS_FILE: z.string().optional(),
  SHARD: integer({ min: 0 }).default(0),
  BINANCE_WS_URL: z
    .string()
    .refine(isExchangeUrl)
    .describe('a ws:// or wss:// address without a path')
    .default('wss://data-stream.binance.vision'),
  BINANCE_REST_URL: httpUrl().optional(),
  FEED_CONNECTIONS: integer({ min: 1, max: 4 }).default(1),
  RECONNECT_DELAY_S: durationS().refine(isPositive).default(5),
  MAX_RECONNECT_DELAY_S: durationS().refine(isPositive).default(60),
  ROTATE_AFTER_S: durationS().refine(isPositive).default(82_800),
  WATERMARK_INTERVAL_MS: durationMs({ min: 1 }).default(1_000),
  WATERMARK_MARGIN_MS: durationMs().default(2_000),
  FILL_TIMEOUT_MS: durationMs({ min: 1 }).default(60_000),
  FILL_MAX_TRADES: integer({ min: 1 }).default(1_000_000),
  COMMIT_INTERVAL_MS: durationMs({ max: maxCommitIntervalMs })
    .describe(
      `milliseconds from 0 to ${maxCommitIntervalMs}: Kafka aborts transactions that are open for ${transactionTimeoutMs / 1000} s`,
    )
    .default(50),
  FEED_BUFFER_FRAMES: integer({ min: 1 }).default(50_000),
  FEED_MAX_PAUSE_MS: durationMs({ max: 30_000 }).default(20_000),
})

/** The producer's settings, by their names in the environment. */
export const producerConfig = fields.superRefine((config, context) => {
  const { RECONNECT_DELAY_S, MAX_RECONNECT_DELAY_S, SHARD, SYMBOLS, SYMBOLS_FILE } = config
  if (MAX_RECONNECT_DELAY_S < RECONNECT_DELAY_S) {
    const message = 'MAX_RECONNECT_DELAY_S is below RECONNECT_DELAY_S: the first delay would be longer than the longest'
    context.addIssue({ code: 'custom', message })
  }
  // A file has shards of its own, which are counted when it is read.
  if (SYMBOLS_FILE === undefined && SHARD >= SYMBOLS.length) {
    const message = `SHARD is ${SHARD}: SYMBOLS has shards from 0 to ${SYMBOLS.length - 1}`
    context.addIssue({ code: 'custom', message })
  }
})

export type ProducerConfig = z.output<typeof producerConfig>

function isExchangeUrl(text: string): boolean {
  try {
    tradeStreamUrl(text, ['BTCUSDT'])
    return true
  } catch {
    return false
  }
}

function isPositive(seconds: number): boolean {
  return seconds > 0
}
