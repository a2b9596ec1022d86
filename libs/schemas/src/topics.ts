import type { SchemaName } from './records.ts'

/** A topic as it is created, before any app starts. */
export interface TopicDefinition {
  readonly name: string
  readonly partitions: number
  /** Kafka's own topic settings, by their names. */
  readonly config: Readonly<Record<string, string>>
  /** Schema of the values, registered for the subject `<topic>-value`; none where values are bytes of any kind. */
  readonly valueSchema?: SchemaName
  /** What is in it, and for whom. */
  readonly description: string
}

/** The names of the topics, for code. What each holds: docs/topics.md. */
export const topicNames = {
  binanceTrades: 'binance-trades',
  binanceTradesLate: 'binance-trades-late',
  binanceTradesDlq: 'binance-trades-dlq',
  tradeProducerPositions: 'trade-producer-positions',
  tradeGaps: 'trade-gaps',
  marketMetrics: 'market-metrics',
  whaleOrders: 'whale-orders',
  marketAnomalies: 'market-anomalies',
  alerts: 'alerts',
  windowAggregatorDlq: 'window-aggregator-dlq',
  influxSinkDlq: 'influx-sink-dlq',
  alertEngineDlq: 'alert-engine-dlq',
} as const

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs

/** An original value is cut at 900 kB; the rest is for its key, its own headers and the reason headers. */
const maxDeadLetterBytes = 1_500_000

/** Retention counts from arrival, so that a replay of an old recording is not deleted while it is read. */
const arrivalTime = { 'message.timestamp.type': 'LogAppendTime' }

/** Segments of a tenth of the retention at most, since Kafka deletes by whole segments. */
function keptFor(retentionMs: number, cleanupPolicy: 'delete' | 'compact,delete' = 'delete'): Record<string, string> {
  return {
    ...arrivalTime,
    'cleanup.policy': cleanupPolicy,
    'retention.ms': String(retentionMs),
    'segment.ms': String(Math.min(retentionMs / 10, 7 * dayMs)),
  }
}

const deadLetterConfig = { ...keptFor(7 * dayMs), 'max.message.bytes': String(maxDeadLetterBytes) }

/** The latest record of each key for ever. Small segments, since the newest one is never compacted and a reader reads them all. */
const latestOnly = {
  ...arrivalTime,
  'cleanup.policy': 'compact',
  'segment.bytes': String(16 * 1024 * 1024),
  'segment.ms': String(hourMs),
  'min.cleanable.dirty.ratio': '0.1',
}

function deadLetters(app: 'window-aggregator' | 'influx-sink' | 'alert-engine'): TopicDefinition {
  return {
    name: `${app}-dlq`,
    partitions: 1,
    config: deadLetterConfig,
    description: `Records that ${app} could not process: original bytes, reason in headers.`,
  }
}

/** Every topic of the product, in the order in which data passes through them. */
export const topics: readonly TopicDefinition[] = [
  {
    name: topicNames.binanceTrades,
    partitions: 6,
    config: keptFor(dayMs),
    valueSchema: 'Trade',
    description: 'Trades as the exchange reported them, by symbol; a record without a value is a heartbeat.',
  },
  {
    name: topicNames.binanceTradesLate,
    partitions: 6,
    config: keptFor(7 * dayMs),
    valueSchema: 'Trade',
    description: 'Trades that came after their window had closed, by symbol; one record per trade and window size.',
  },
  {
    name: topicNames.binanceTradesDlq,
    partitions: 1,
    config: deadLetterConfig,
    description: 'Frames of the exchange that are no valid trade: original bytes, reason in headers.',
  },
  {
    name: topicNames.tradeProducerPositions,
    partitions: 1,
    config: latestOnly,
    valueSchema: 'TradePosition',
    description: 'How far the trades of each symbol are written, by symbol; written with them.',
  },
  {
    name: topicNames.tradeGaps,
    partitions: 1,
    config: keptFor(30 * dayMs),
    valueSchema: 'TradeGap',
    description:
      'Trade ids that did not come from the stream, and what became of them, by symbol; for people and sinks.',
  },
  {
    name: topicNames.marketMetrics,
    partitions: 6,
    config: keptFor(7 * dayMs),
    valueSchema: 'MarketMetrics',
    description: 'Final metrics by symbol, one record per symbol and window; a record without a value is a heartbeat.',
  },
  {
    name: topicNames.whaleOrders,
    partitions: 6,
    config: keptFor(7 * dayMs),
    valueSchema: 'WhaleOrder',
    description: 'Taker orders at or above the whale floor of their symbol, by symbol.',
  },
  {
    name: topicNames.marketAnomalies,
    partitions: 6,
    config: keptFor(7 * dayMs),
    valueSchema: 'MarketAnomaly',
    description: 'Volume spikes, price jumps, one-sided flow and missing trade ids, by symbol.',
  },
  {
    name: topicNames.alerts,
    partitions: 1,
    config: keptFor(90 * dayMs, 'compact,delete'),
    valueSchema: 'Alert',
    description: 'States of alerts, by alert id; the latest one of each is kept.',
  },
  deadLetters('window-aggregator'),
  deadLetters('influx-sink'),
  deadLetters('alert-engine'),
]

/** The registry's subject for the values of a topic. */
export function valueSubject(topic: string): string {
  return `${topic}-value`
}
