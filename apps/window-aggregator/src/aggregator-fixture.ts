import {
  avroCodec,
  inMemoryRegistry,
  topicNames,
  valueSubject,
  type MarketAnomaly,
  type MarketMetrics,
  type Trade,
  type WhaleOrder,
} from '@tidemark/schemas'
import { WATERMARK_HEADER, type Codec } from '@tidemark/streams'
import { TopologyTestDriver, type TestDriverOptions } from '@tidemark/testing'
import { aggregatorTopology, tradeFields, type AggregatorOptions } from './topology.ts'

export const topics = {
  trades: topicNames.binanceTrades,
  late: topicNames.binanceTradesLate,
  metrics: topicNames.marketMetrics,
  whales: topicNames.whaleOrders,
  anomalies: topicNames.marketAnomalies,
}

const registry = inMemoryRegistry()
for (const [topic, schema] of [
  [topics.trades, 'Trade'],
  [topics.metrics, 'MarketMetrics'],
  [topics.whales, 'WhaleOrder'],
  [topics.anomalies, 'MarketAnomaly'],
] as const) {
  await registry.register(valueSubject(topic), schema)
}

export const codecs = {
  trade: avroCodec('Trade', { registry, subject: valueSubject(topics.trades) }),
  metrics: avroCodec('MarketMetrics', { registry, subject: valueSubject(topics.metrics) }),
  whale: avroCodec('WhaleOrder', { registry, subject: valueSubject(topics.whales) }),
  anomaly: avroCodec('MarketAnomaly', { registry, subject: valueSubject(topics.anomalies) }),
}
/** As the app reads it. */
const readTrade = avroCodec('Trade', { registry, subject: valueSubject(topics.trades), projection: tradeFields })
for (const codec of Object.values(codecs)) await codec.prepare()

/** What has come out since the last look. */
export interface Outputs {
  readonly metrics: readonly MarketMetrics[]
  readonly whales: readonly WhaleOrder[]
  readonly anomalies: readonly MarketAnomaly[]
  /** Trade ids and the sizes of the windows they were late for. */
  readonly late: readonly string[]
  /** Symbols and watermarks of the heartbeats on the metrics' topic. */
  readonly heartbeats: readonly string[]
}

/** The app's topology on an in-memory Kafka: trades of symbols in, outputs read back. */
export class AggregatorRun {
  readonly driver: TopologyTestDriver
  readonly #input

  constructor(options: Partial<AggregatorOptions> = {}, driverOptions: TestDriverOptions = {}) {
    const topology = aggregatorTopology({
      topics,
      codecs: { ...codecs, trade: readTrade },
      windows: [
        { label: '10s', sizeMs: 10_000 },
        { label: '1m', sizeMs: 60_000 },
      ],
      graceMs: 2_000,
      whaleFloor: () => 100_000,
      vpinBucket: () => undefined,
      ...options,
    })
    this.driver = new TopologyTestDriver(topology, { startMs: 7, ...driverOptions })
    this.#input = this.driver.input(topics.trades, codecs.trade)
  }

  async pipe(...trades: readonly Trade[]): Promise<void> {
    await this.#input.pipeAll(trades.map((trade) => [trade.symbol, trade] as const))
  }

  async heartbeat(symbol: string, watermarkMs: number): Promise<void> {
    await this.#input.heartbeat(symbol, watermarkMs)
  }

  read(): Outputs {
    const metrics = this.driver.readBytes(topics.metrics)
    return {
      metrics: metrics.flatMap(({ value }) => valueOf(value, codecs.metrics) ?? []),
      whales: this.driver.read(topics.whales, codecs.whale).map(({ value }) => value),
      anomalies: this.driver.read(topics.anomalies, codecs.anomaly).map(({ value }) => value),
      late: this.driver
        .read(topics.late, codecs.trade)
        .map(({ value, headers }) => `${value.trade_id} ${headers['tidemark.late.window'] ?? ''}`),
      heartbeats: metrics.flatMap(({ key, value, headers }) =>
        value === null ? [`${key ?? ''} ${headers[WATERMARK_HEADER] ?? ''}`] : [],
      ),
    }
  }
}

function valueOf<V>(bytes: Buffer | null, codec: Codec<V>): V | undefined {
  if (bytes === null) return undefined
  const decoded = codec.decode(bytes, 0, bytes.length)
  if (!decoded.ok) throw new Error(decoded.issue.message)
  return decoded.value
}

export function trade(symbol: string, id: number, timeMs: number, over: Partial<Trade> = {}): Trade {
  return {
    event_type: 'trade',
    event_time_ms: timeMs + 1,
    symbol,
    trade_id: id,
    price: 100,
    quantity: 1,
    trade_time_ms: timeMs,
    is_buyer_maker: false,
    ingestion_time_ms: timeMs + 2,
    latency_ms: 1,
    ...over,
  }
}
