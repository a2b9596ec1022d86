import { avroCodec, inMemoryRegistry, type MarketMetrics } from '@tidemark/schemas'
import { InMemoryKafka } from '@tidemark/testing'
import { expect, it } from 'vitest'
import { influxPoints } from './influx-point.ts'
import { minute } from './metrics-fixture.ts'
import { marketMetricsLine } from './point-lines.ts'
import { refusedRecords } from './refused-records.ts'

it('keeps key and value as they were, with the reason in headers', async () => {
  const registry = inMemoryRegistry()
  await registry.register('market-metrics-value', 'MarketMetrics')
  const codec = avroCodec<MarketMetrics>('MarketMetrics', { registry, subject: 'market-metrics-value' })
  const kafka = new InMemoryKafka()
  kafka.createTopic('influx-sink-dlq')
  const refused = await refusedRecords({ kafka, topic: 'influx-sink-dlq', codecs: [codec], nowMs: () => 1_000 })
  const point = influxPoints(marketMetricsLine, codec)(minute)
  await refused.write([{ key: 'BTCUSDT', value: point, code: 'refused-by-influxdb', message: 'field type conflict' }])

  const [batch] = kafka.batchesFrom({ topic: 'influx-sink-dlq', partition: 0 }, 0)
  const cursor = batch?.cursor() ?? expect.unreachable()
  expect(cursor.next()).toBe(true)
  const value = cursor.value() ?? Buffer.alloc(0)
  expect(cursor.key()?.toString()).toBe('BTCUSDT')
  expect(codec.decode(value, 0, value.length)).toEqual({ ok: true, value: minute })
  expect(Object.fromEntries(cursor.headers().map((header) => [header.key, header.value?.toString()]))).toEqual({
    '__streams.errors.exception': 'RefusedRecord',
    '__streams.errors.message': 'field type conflict',
    'tidemark.dlq.code': 'refused-by-influxdb',
    'tidemark.dlq.attempts': '1',
    'tidemark.dlq.ingestion_time_ms': '1000',
  })
})
