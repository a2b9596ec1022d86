import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { readTrades, type RecordedTrade } from '@tidemark/oracle'
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
import { readBatches, readValues, RecordCollector, run, WATERMARK_HEADER, type KafkaPorts } from '@tidemark/streams'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { configSchema } from './config.ts'
import { differences, oracleOutputs, tradeOf } from './oracle-fixture.ts'
import { configuredTopology } from './topology.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
    registry: string
  }
}

const recording = fileURLToPath(new URL('../../../../shared/data/spot-20240808-btc-eth.trades.gz', import.meta.url))
const farMs = Date.parse('2024-08-10T00:00:00Z')
const prefix = `oracle-${Date.now()}-`
const options = { whaleFloor: 100_000, vpinBucket: 2 }
const bootstrapServers = inject('kafka')
const registry = connectRegistry({ url: inject('registry') })
const prefixed = (name: string) => `${prefix}${name}`
const { binanceTrades, binanceTradesLate, marketMetrics, whaleOrders, marketAnomalies, windowAggregatorDlq } =
  topicNames

/** The app with the settings of its environment, as its main program runs it. */
function startApp(kafka: KafkaPorts) {
  const config = loadConfig(configSchema, {
    KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
    SCHEMA_REGISTRY_URL: inject('registry'),
    KAFKA_TOPIC: prefixed(binanceTrades),
    OUTPUT_PREFIX: prefix,
    VPIN_BUCKET: String(options.vpinBucket),
  })
  const topology = configuredTopology(config, { registry, warn: (message) => expect.fail(message) })
  const applicationId = prefixed('window-aggregator')
  const app = run(topology, { applicationId, kafka, guarantee: 'exactly-once', ...streamsSettings(config) })
  return { app, windows: config.WINDOWS }
}

async function prepare(): Promise<void> {
  const used: string[] = [binanceTrades, binanceTradesLate, marketMetrics, whaleOrders, marketAnomalies]
  const definitions = topics
    .filter(({ name }) => used.includes(name) || name === windowAggregatorDlq)
    .map((definition) => ({ ...definition, name: prefixed(definition.name) }))
  const admin = createAdmin({ bootstrapServers, clientId: prefix })
  await admin.createTopics(definitions)
  await admin.close()
  for (const { name, valueSchema } of definitions) {
    if (valueSchema !== undefined) await registry.register(valueSubject(name), valueSchema)
  }
}

/** Writes trades in order of time, and a promise of each symbol that all is there. Resolves with the number of records. */
async function write(kafka: KafkaPorts, symbols: ReadonlyMap<string, readonly RecordedTrade[]>): Promise<number> {
  const topic = prefixed(binanceTrades)
  const codec = avroCodec('Trade', { registry, subject: valueSubject(topic) })
  await codec.prepare()
  const collector = new RecordCollector(kafka.producer({}))
  await collector.open(topic)
  const trades = [...symbols.values()].flat().sort((a, b) => a.timeMs - b.timeMs || a.id - b.id)
  for (const one of trades) {
    collector.add({ topic, key: one.symbol, value: tradeOf(one), codec, timestampMs: one.timeMs })
  }
  const headers = [{ key: WATERMARK_HEADER, value: Buffer.from(String(farMs)) }]
  for (const symbol of symbols.keys()) {
    collector.addBytes({ topic, key: Buffer.from(symbol), value: null, timestampMs: farMs, headers })
  }
  await collector.flush()
  return trades.length + symbols.size
}

/** All that is committed. */
async function readBack(kafka: KafkaPorts) {
  const reader = kafka.logReader()
  const all = async <N extends SchemaName>(name: string, schema: N): Promise<WireRecords[N][]> => {
    const topic = prefixed(name)
    const codec = avroCodec(schema, { registry, subject: valueSubject(topic) })
    const values: WireRecords[N][] = []
    for await (const { value } of readValues(reader, topic, codec)) values.push(value)
    return values
  }
  const counted = async (name: string) => {
    let records = 0
    for await (const batch of readBatches(reader, prefixed(name))) {
      for (const cursor = batch.cursor(); cursor.next();) records++
    }
    return records
  }
  return {
    metrics: await all(marketMetrics, 'MarketMetrics'),
    whales: await all(whaleOrders, 'WhaleOrder'),
    anomalies: await all(marketAnomalies, 'MarketAnomaly'),
    late: await counted(binanceTradesLate),
    deadLetters: await counted(windowAggregatorDlq),
  }
}

describe.skipIf(!existsSync(recording))('the recording of 2024-08-08, through Kafka and the registry', () => {
  const kafka = kafkaPorts({ bootstrapServers, clientId: prefix })
  beforeAll(prepare)
  afterAll(() => kafka.close())

  test('is what the oracle says, exactly once: all windows of all sizes, all metrics, all whale orders, all anomalies', async () => {
    const trades = await readTrades(recording)
    const records = await write(kafka, trades)
    const { app, windows } = startApp(kafka)
    onTestFinished(() => app.stop())
    const processed = () => expect(app.health().processed).toBe(records)
    await Promise.race([app.done, vi.waitFor(processed, { timeout: 60_000, interval: 20 })])
    await app.stop()
    await app.done

    const { late, deadLetters, ...outputs } = await readBack(kafka)
    expect(differences(outputs, oracleOutputs(trades.values(), windows, options))).toEqual([])
    expect(windows.map(({ label }) => label)).toEqual(['10s', '1m', '5m', '15m', '1h'])
    for (const { label } of windows) {
      expect(outputs.metrics.filter(({ window }) => window === label).length, label).toBeGreaterThan(1)
    }
    expect(outputs.metrics.filter(({ vpin }) => vpin !== null).length).toBeGreaterThan(50)
    expect(Math.min(outputs.whales.length, outputs.anomalies.length)).toBeGreaterThan(0)
    expect([late, deadLetters]).toEqual([0, 0])
  })
})
