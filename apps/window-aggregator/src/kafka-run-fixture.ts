import { createAdmin } from '@tidemark/kafka'
import {
  avroCodec,
  connectRegistry,
  topicNames,
  topics,
  valueSubject,
  type SchemaName,
  type WireRecords,
} from '@tidemark/schemas'
import { loadConfig, streamsSettings } from '@tidemark/service'
import { readBatches, readValues, run, type KafkaPorts } from '@tidemark/streams'
import { configSchema } from './config.ts'
import { configuredTopology } from './topology.ts'

const { binanceTrades, binanceTradesLate, marketMetrics, whaleOrders, marketAnomalies, windowAggregatorDlq } =
  topicNames
const used: readonly string[] = [
  ...[binanceTrades, binanceTradesLate, marketMetrics, whaleOrders, marketAnomalies],
  windowAggregatorDlq,
]

export interface KafkaRunOptions {
  readonly bootstrapServers: string
  readonly registryUrl: string
  readonly kafka: KafkaPorts
  /** Begins the names of its topics and of its group. */
  readonly prefix: string
}

/** The app on a real Kafka and registry, with topics of its own. */
export class KafkaRun {
  readonly #options: KafkaRunOptions
  readonly registry: ReturnType<typeof connectRegistry>

  constructor(options: KafkaRunOptions) {
    this.#options = options
    this.registry = connectRegistry({ url: options.registryUrl })
  }

  /** The topic's name in this run. */
  topic(name: string): string {
    return `${this.#options.prefix}${name}`
  }

  /** Makes the app's topics, and `others`; all with so many partitions, or with those that they have by default. */
  async prepare(others: readonly string[] = [], partitions?: number): Promise<void> {
    const { bootstrapServers, prefix } = this.#options
    const definitions = topics
      .filter(({ name }) => used.includes(name) || others.includes(name))
      .map((one) => ({ ...one, name: this.topic(one.name), partitions: partitions ?? one.partitions }))
    const admin = createAdmin({ bootstrapServers, clientId: prefix })
    await admin.createTopics(definitions)
    await admin.close()
    for (const { name, valueSchema } of definitions) {
      if (valueSchema !== undefined) await this.registry.register(valueSubject(name), valueSchema)
    }
  }

  /** The app with the settings of its environment, as its main program runs it. */
  start(env: Readonly<Record<string, string>>) {
    const { bootstrapServers, registryUrl, kafka, prefix } = this.#options
    const config = loadConfig(configSchema, {
      KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
      SCHEMA_REGISTRY_URL: registryUrl,
      KAFKA_TOPIC: this.topic(binanceTrades),
      OUTPUT_PREFIX: prefix,
      ...env,
    })
    const warn = (message: string) => {
      throw new Error(message)
    }
    const topology = configuredTopology(config, { registry: this.registry, warn })
    const applicationId = this.topic('window-aggregator')
    const app = run(topology, { applicationId, kafka, guarantee: 'exactly-once', ...streamsSettings(config) })
    return { app, windows: config.WINDOWS }
  }

  /** All that is committed in a topic, in its order. */
  async read<N extends SchemaName>(name: string, schema: N): Promise<WireRecords[N][]> {
    const topic = this.topic(name)
    const codec = avroCodec(schema, { registry: this.registry, subject: valueSubject(topic) })
    const values: WireRecords[N][] = []
    for await (const { value } of readValues(this.#options.kafka.logReader(), topic, codec)) values.push(value)
    return values
  }

  /** All outputs that are committed. */
  async readOutputs() {
    return {
      metrics: await this.read(marketMetrics, 'MarketMetrics'),
      whales: await this.read(whaleOrders, 'WhaleOrder'),
      anomalies: await this.read(marketAnomalies, 'MarketAnomaly'),
      late: await this.#count(binanceTradesLate),
      deadLetters: await this.#count(windowAggregatorDlq),
    }
  }

  async #count(name: string): Promise<number> {
    let records = 0
    for await (const batch of readBatches(this.#options.kafka.logReader(), this.topic(name))) {
      for (const cursor = batch.cursor(); cursor.next();) records++
    }
    return records
  }
}
