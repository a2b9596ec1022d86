import { marketMetrics, type FlowItem, type SymbolFlowOptions, type WindowSize } from '@tidemark/market'
import {
  avroCodec,
  inMemoryRegistry,
  topicNames,
  valueSubject,
  type MarketAnomaly,
  type MarketMetrics,
  type SchemaRegistry,
  type WhaleOrder,
} from '@tidemark/schemas'
import { stream, topology, type Codec, type Stream, type Topology } from '@tidemark/streams'
import { tumbling } from '@tidemark/windowing'
import { configSchema, type Config } from './config.ts'
import { flowSteps, type FlowedTrade, type FlowOutput } from './flow-steps.ts'
import { judgeSteps } from './judge-steps.ts'
import { whaleFloor } from './whale-floor.ts'

export interface AggregatorOptions extends SymbolFlowOptions {
  readonly topics: {
    readonly trades: string
    readonly late: string
    readonly metrics: string
    readonly whales: string
    readonly anomalies: string
  }
  readonly codecs: {
    readonly trade: Codec<FlowedTrade>
    readonly metrics: Codec<MarketMetrics>
    readonly whale: Codec<WhaleOrder>
    readonly anomaly: Codec<MarketAnomaly>
  }
  /** At least one. */
  readonly windows: readonly WindowSize[]
  readonly graceMs: number
}

/** What is read of a trade; the rest is passed over unread. */
export const tradeFields = [
  'trade_id',
  'trade_time_ms',
  'price',
  'quantity',
  'is_buyer_maker',
] as const satisfies readonly (keyof FlowedTrade)[]

interface TopologyContext {
  readonly registry: SchemaRegistry
  warn(message: string): void
}

/** The topology that the settings ask for. */
export function configuredTopology(config: Config, { registry, warn }: TopologyContext): Topology {
  const subject = (topic: string) => ({ registry, subject: valueSubject(topic) })
  const { KAFKA_TOPIC: trades, OUTPUT_PREFIX: prefix } = config
  const topics = {
    trades,
    late: `${prefix}${topicNames.binanceTradesLate}`,
    metrics: `${prefix}${topicNames.marketMetrics}`,
    whales: `${prefix}${topicNames.whaleOrders}`,
    anomalies: `${prefix}${topicNames.marketAnomalies}`,
  }
  return aggregatorTopology({
    topics,
    codecs: {
      trade: avroCodec('Trade', { ...subject(topics.trades), projection: tradeFields }),
      metrics: avroCodec('MarketMetrics', subject(topics.metrics)),
      whale: avroCodec('WhaleOrder', subject(topics.whales)),
      anomaly: avroCodec('MarketAnomaly', subject(topics.anomalies)),
    },
    windows: config.WINDOWS,
    graceMs: config.GRACE_MS,
    whaleFloor: whaleFloor(config.WHALE_MIN_NOTIONAL, warn),
    whaleQuantile: config.WHALE_QUANTILE,
    vpinBucket: config.VPIN_BUCKET,
  })
}

/** The topology of the default settings, to be looked at. */
export function describedTopology(): Topology {
  const config = configSchema.parse({ SCHEMA_REGISTRY_URL: 'http://localhost' })
  return configuredTopology(config, { registry: inMemoryRegistry(), warn: () => undefined })
}

/** Trades of a partition that wait for those before them; at the beginning of a symbol, and behind a hole, those of one grace do. */
const maxHeld = 500_000

/**
 * Trades into market metrics, whale orders and anomalies.
 *
 * Trades are brought into the order of their ids first, so that all that follows sees one order, whatever the arrival. Each symbol has its own clock: the
 * progress of one must not close the windows of another whose trades are still to come.
 */
export function aggregatorTopology({ topics, codecs, windows, graceMs, ...flowOptions }: AggregatorOptions): Topology {
  const trades = stream(topics.trades, codecs.trade, { timestampMs: (trade) => trade.trade_time_ms, clock: 'key' })
    .groupByKey()
    .inSequence({ sequence: (trade) => trade.trade_id, graceMs, maxHeld })
  const flow = trades.merge(trades.late).groupByKey().process(flowSteps(flowOptions))
  const { items, whales, gaps } = flow.branch({ items: isItem, whales: isWhale, gaps: isGap })
  const judged = windows.map((size) => judgedWindows(items, size, { graceMs, late: topics.late }))
  return topology(
    merged(judged.map(({ metrics }) => metrics)).to(topics.metrics, codecs.metrics, { heartbeats: true }),
    whales.map(({ order }) => order).to(topics.whales, codecs.whale),
    merged([gaps.map(({ anomaly }) => anomaly), ...judged.map(({ anomalies }) => anomalies)]).to(
      topics.anomalies,
      codecs.anomaly,
    ),
  )
}

function judgedWindows(
  items: Stream<FlowItem>,
  { label, sizeMs }: WindowSize,
  { graceMs, late }: { graceMs: number; late: string },
) {
  const { metrics, anomalies } = items
    .groupByKey()
    .window(tumbling({ sizeMs, graceMs }))
    .aggregate(marketMetrics(label), { emit: 'on-close', late })
    .groupByKey()
    .process(judgeSteps(label))
    .branch({
      metrics: (output) => output.kind === 'metrics',
      anomalies: (output) => output.kind === 'anomaly',
    })
  return { metrics: metrics.map((output) => output.metrics), anomalies: anomalies.map(({ anomaly }) => anomaly) }
}

function merged<V>([first, second, ...others]: readonly Stream<V>[]): Stream<V> {
  if (first === undefined) throw new TypeError('the aggregator needs at least one window size')
  return second === undefined ? first : first.merge(second, ...others)
}

type Output<K extends FlowOutput['kind']> = Extract<FlowOutput, { kind: K }>

function isItem(output: FlowOutput): output is FlowItem {
  return output.kind === 'trade' || output.kind === 'hole'
}

function isWhale(output: FlowOutput): output is Output<'whale'> {
  return output.kind === 'whale'
}

function isGap(output: FlowOutput): output is Output<'gap'> {
  return output.kind === 'gap'
}
