import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { kafkaPorts } from '@tidemark/kafka'
import { readTrades, type RecordedTrade } from '@tidemark/oracle'
import { avroCodec, topicNames, valueSubject } from '@tidemark/schemas'
import { RecordCollector, WATERMARK_HEADER } from '@tidemark/streams'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { KafkaRun } from './kafka-run-fixture.ts'
import { differences, oracleOutputs, tradeOf } from './oracle-fixture.ts'

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
const kafka = kafkaPorts({ bootstrapServers, clientId: prefix })
const run = new KafkaRun({ bootstrapServers, registryUrl: inject('registry'), kafka, prefix })

/** Writes trades in order of time, and a promise of each symbol that all is there. Resolves with the number of records. */
async function write(symbols: ReadonlyMap<string, readonly RecordedTrade[]>): Promise<number> {
  const topic = run.topic(topicNames.binanceTrades)
  const codec = avroCodec('Trade', { registry: run.registry, subject: valueSubject(topic) })
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

describe.skipIf(!existsSync(recording))('the recording of 2024-08-08, through Kafka and the registry', () => {
  beforeAll(() => run.prepare())
  afterAll(() => kafka.close())

  test('is what the oracle says, exactly once: all windows of all sizes, all metrics, all whale orders, all anomalies', async () => {
    const trades = await readTrades(recording)
    const records = await write(trades)
    const { app, windows } = run.start({ VPIN_BUCKET: String(options.vpinBucket) })
    onTestFinished(() => app.stop())
    const processed = () => expect(app.health().processed).toBe(records)
    await Promise.race([app.done, vi.waitFor(processed, { timeout: 60_000, interval: 20 })])
    await app.stop()
    await app.done

    const { late, deadLetters, ...outputs } = await run.readOutputs()
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
