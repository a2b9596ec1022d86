import {
  StreamsRuntime,
  type ProducerOptions,
  type RunOptions,
  type TransactionalProducerOptions,
} from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { ordersTopology } from './orders-fixture.ts'

/** How the producers of an application are asked to compress. */
async function askedOf(options: Pick<RunOptions, 'guarantee' | 'compression'>): Promise<(string | undefined)[]> {
  const asked: (string | undefined)[] = []
  const kafka = new (class extends InMemoryKafka {
    override producer(options: ProducerOptions = {}) {
      asked.push(options.compression)
      return super.producer()
    }
    override transactionalProducer(options: TransactionalProducerOptions) {
      asked.push(options.compression)
      return super.transactionalProducer(options)
    }
  })()
  for (const topic of ['orders', 'order-totals', 'order-totals-late', 'totals-dlq']) kafka.createTopic(topic, 2)
  const runtime = new StreamsRuntime(ordersTopology(), { ...options, applicationId: 'totals', kafka, nowMs: () => 0 })
  await runtime.start()
  await runtime.turn(0)
  await runtime.close({ commit: true })
  return asked
}

test.each(['exactly-once', 'at-least-once'] as const)(
  'all that is written is compressed as asked for, %s',
  async (guarantee) => {
    expect(new Set(await askedOf({ guarantee, compression: 'zstd' }))).toEqual(new Set(['zstd']))
    expect(new Set(await askedOf({ guarantee }))).toEqual(new Set(['none']))
  },
)
