import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KafkaAdmin } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, topics, valueSubject } from '@tidemark/schemas'
import { prepareTopics, type Host } from '@tidemark/stack'
import { RecordCollector, WATERMARK_HEADER, type KafkaPorts } from '@tidemark/streams'
import { processedBy, untilDrained, type WaitOptions } from '../group-progress.ts'
import { Instances } from '../instances.ts'
import { SideAct } from '../side-act.ts'
import type { MarketEntry } from './market-logs.ts'
import { readOutputLines, type ReadOutputs } from './output-lines.ts'

/** One run of window-aggregator over a log, beside others on the same servers. */
export interface AggregatorRunOptions extends WaitOptions {
  readonly host: Host
  readonly bootstrapServers: string
  readonly registryUrl: string
  readonly admin: KafkaAdmin
  readonly kafka: KafkaPorts
  /** Begins the names of its topics and of its group. */
  readonly prefix: string
  readonly log: readonly MarketEntry[]
  readonly graceMs: number
  readonly instances: number
  /** How often one of them is ended by kill -9 and started again, while the log is being written. */
  readonly kills: number
  /** How many records are written at once, and how long nothing is then: the log's pace. None: all as fast as it goes. */
  readonly pace?: { readonly records: number; readonly pauseMs: number }
  readonly logDir: string
  readonly say: (line: string) => void
}

const program = join(dirname(fileURLToPath(import.meta.url)), '../../../../apps/window-aggregator/src/main.ts')
const madeTopics = [
  topicNames.binanceTrades,
  topicNames.binanceTradesLate,
  topicNames.marketMetrics,
  topicNames.whaleOrders,
  topicNames.marketAnomalies,
  topicNames.windowAggregatorDlq,
] as const
const ALL_AT_ONCE = { records: 10_000, pauseMs: 0 }
/** Between two kills the application has to get on. */
const PROGRESS_LIMIT_MS = 120_000
const POLL_MS = 200

/** Runs the aggregator, as it is started in production, until it has gone through the log. Resolves with what it wrote. */
export async function runAggregator(options: AggregatorRunOptions): Promise<ReadOutputs> {
  const { host, bootstrapServers, registryUrl, admin, kafka, prefix, graceMs, logDir } = options
  await prepareTopics({ bootstrapServers, registryUrl }, { definitions: definitionsOf(prefix) })
  const topic = `${prefix}${topicNames.binanceTrades}`
  const env = {
    KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
    SCHEMA_REGISTRY_URL: registryUrl,
    KAFKA_TOPIC: topic,
    OUTPUT_PREFIX: prefix,
    GRACE_MS: String(graceMs),
    WHALE_MIN_NOTIONAL: '*=50000',
    WHALE_QUANTILE: '0.9',
    VPIN_BUCKET: '50',
    HEALTH_PORT: '0',
    HEALTH_HOST: '127.0.0.1',
  }
  const instances = new Instances({ host, command: [program], env, logDir })
  try {
    for (let index = 0; index < options.instances; index++) instances.start(index)
    const input = { admin, kafka, group: `${prefix}window-aggregator`, topic }
    await writeWhileKilling(options, instances, input)
    await untilDrained(input, options)
    await instances.endAll()
    if (instances.died.length > 0) throw new Error(`${input.group}: ${instances.died.join(', ')}`)
    return await readBack(options)
  } finally {
    await instances.endAll()
  }
}

function definitionsOf(prefix: string) {
  return topics
    .filter(({ name }) => (madeTopics as readonly string[]).includes(name))
    .map((topic) => ({ ...topic, name: `${prefix}${topic.name}` }))
}

/**
 * Writes the log at its pace, and ends one instance after the other, at even distances in the log. Before each end the application has
 * committed something since the last one, and has something under way.
 */
async function writeWhileKilling(
  { kafka, registryUrl, log, kills, pace = ALL_AT_ONCE, say, nowMs, wait }: AggregatorRunOptions,
  instances: Instances,
  input: { readonly admin: KafkaAdmin; readonly group: string; readonly topic: string },
): Promise<void> {
  const { group, topic } = input
  const codec = avroCodec('Trade', { registry: connectRegistry({ url: registryUrl }), subject: valueSubject(topic) })
  await codec.prepare()
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  await collector.open(topic)
  let done = 0
  let processedAtLast = 0
  const ending = new SideAct()
  try {
    for (let from = 0; from < log.length; from += pace.records) {
      for (const entry of log.slice(from, from + pace.records)) {
        const { symbol: key } = entry
        if (entry.kind === 'trade') {
          const { trade: value } = entry
          collector.add({ topic, key, value, codec, timestampMs: value.trade_time_ms })
          continue
        }
        const headers = [{ key: WATERMARK_HEADER, value: Buffer.from(String(entry.watermarkMs)) }]
        collector.addBytes({ topic, key: Buffer.from(key), value: null, timestampMs: entry.watermarkMs, headers })
      }
      await collector.flush()
      await wait(pace.pauseMs)
      if (done === kills || from < ((done + 1) / (kills + 1)) * log.length) continue
      await ending.end()
      for (const giveUpMs = nowMs() + PROGRESS_LIMIT_MS; ; await wait(POLL_MS)) {
        const processed = await processedBy(input)
        if (processed > processedAtLast) {
          processedAtLast = processed
          break
        }
        if (nowMs() > giveUpMs) throw new Error(`${group}: nothing was committed in ${PROGRESS_LIMIT_MS} ms`)
      }
      const index = done++ % instances.running.length
      say(`${group}: kill -9 of instance ${index} after ${processedAtLast} of ${from} records`)
      // With the next records on their way: all that came before may be committed by now.
      ending.start(async () => {
        await wait(pace.pauseMs)
        await instances.end(index, 'crash')
        instances.start(index)
      })
    }
  } finally {
    // Whatever has failed: nothing is started behind it.
    await ending.end()
  }
  if (done < kills) throw new Error(`${group}: ${done} of ${kills} kills: the log is too short for them at its pace`)
  await producer.close()
}

async function readBack({ kafka, registryUrl, prefix }: AggregatorRunOptions): Promise<ReadOutputs> {
  const registry = connectRegistry({ url: registryUrl })
  const of = {
    metrics: `${prefix}${topicNames.marketMetrics}`,
    whales: `${prefix}${topicNames.whaleOrders}`,
    anomalies: `${prefix}${topicNames.marketAnomalies}`,
    late: `${prefix}${topicNames.binanceTradesLate}`,
  }
  const codecs = {
    metrics: avroCodec('MarketMetrics', { registry, subject: valueSubject(of.metrics) }),
    whales: avroCodec('WhaleOrder', { registry, subject: valueSubject(of.whales) }),
    anomalies: avroCodec('MarketAnomaly', { registry, subject: valueSubject(of.anomalies) }),
  }
  for (const codec of Object.values(codecs)) await codec.prepare()
  const reader = kafka.logReader()
  try {
    return await readOutputLines(reader, of, codecs)
  } finally {
    await reader.close()
  }
}
