import { avroCodec, inMemoryRegistry, type MarketMetrics } from '@tidemark/schemas'
import { recordBatch, type KafkaPorts, type OutputBatch, type ProducerPort } from '@tidemark/streams'
import { expect, it } from 'vitest'
import { minute } from './metrics-fixture.ts'
import { refusedRecords } from './refused-records.ts'

/** A producer that keeps what it is given. */
function keepingKafka() {
  const kept: OutputBatch[] = []
  const producer: ProducerPort = {
    partitionCount: async () => 1,
    send: async (batches) =>
      void kept.push(...batches.map((batch) => ({ ...batch, records: Buffer.from(batch.records) }))),
    close: async () => undefined,
  }
  const kafka = { producer: () => producer } as unknown as KafkaPorts
  return { kafka, kept }
}

it('keeps key and value as they were, with the reason in headers', async () => {
  const registry = inMemoryRegistry()
  await registry.register('market-metrics-value', 'MarketMetrics')
  const codec = avroCodec<MarketMetrics>('MarketMetrics', { registry, subject: 'market-metrics-value' })
  const { kafka, kept } = keepingKafka()
  const refused = await refusedRecords({ kafka, topic: 'influx-sink-dlq', codec, nowMs: () => 1_000 })
  await refused.write([{ key: 'BTCUSDT', value: minute, code: 'refused-by-influxdb', message: 'field type conflict' }])

  const [batch] = kept
  const cursor = recordBatch({ ...(batch as OutputBatch), baseOffset: 0, nextOffset: 1 }).cursor()
  expect(cursor.next()).toBe(true)
  const value = cursor.value() ?? Buffer.alloc(0)
  expect([batch?.topic, cursor.key()?.toString()]).toEqual(['influx-sink-dlq', 'BTCUSDT'])
  expect(codec.decode(value, 0, value.length)).toEqual({ ok: true, value: minute })
  expect(Object.fromEntries(cursor.headers().map((header) => [header.key, header.value?.toString()]))).toEqual({
    '__streams.errors.exception': 'RefusedRecord',
    '__streams.errors.message': 'field type conflict',
    'tidemark.dlq.code': 'refused-by-influxdb',
    'tidemark.dlq.attempts': '1',
    'tidemark.dlq.ingestion_time_ms': '1000',
  })
})
