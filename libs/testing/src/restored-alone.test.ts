import {
  RecordCollector,
  StreamsError,
  StreamsRuntime,
  stream,
  type TransactionalProducerOptions,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { ManualClock } from './manual-clock.ts'
import { orderCodec, type Order } from './orders-fixture.ts'

const copies = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs }).to('copies', orderCodec)
const order: Order = { amount: 1, placedAtMs: 1 }

/** A Kafka that knows which transactions have records and no end yet. */
class WatchedKafka extends InMemoryKafka {
  readonly open = new Set<string>()
  /** Those at each `init`. */
  readonly openAtInit: string[][] = []
  /** The transactional id whose next commit is fenced. */
  fenceNext: string | undefined

  override transactionalProducer(options: TransactionalProducerOptions): TransactionalProducerPort {
    const producer = super.transactionalProducer(options)
    const { transactionalId: id } = options
    return {
      ...producer,
      init: () => {
        this.openAtInit.push([...this.open])
        return producer.init()
      },
      send: async (batches) => {
        this.open.add(id)
        await producer.send(batches)
      },
      commit: async (transaction) => {
        if (this.fenceNext === id) {
          this.fenceNext = undefined
          throw new StreamsError('fenced', 'another one has taken over')
        }
        await producer.commit(transaction)
        this.open.delete(id)
      },
      close: async () => {
        this.open.delete(id)
        await producer.close()
      },
    }
  }
}

test('no transaction stays open while a task that failed is restored', async () => {
  const kafka = new WatchedKafka()
  for (const topic of ['orders', 'copies', 'app-dlq']) kafka.createTopic(topic, 2)
  const clock = new ManualClock()
  const options = { applicationId: 'app', kafka, guarantee: 'exactly-once', maxBatchBytes: 1 } as const
  const runtime = new StreamsRuntime(copies, { ...options, nowMs: clock.nowMs })
  await runtime.start()
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  const turnWith = async (...partitions: number[]) => {
    for (const partition of partitions) {
      collector.add({ topic: 'orders', partition, key: 'a', value: order, codec: orderCodec, timestampMs: 0 })
    }
    await collector.flush()
    await runtime.turn(0)
  }
  await turnWith()
  kafka.openAtInit.length = 0

  kafka.fenceNext = 'app.0.0'
  await turnWith(0, 1)
  clock.advance(100)
  await turnWith() // Fenced: its task waits for three seconds.
  clock.advance(2_990)
  await turnWith(1) // Commits the other one.
  await turnWith(1) // Which then sends ahead again.
  expect([...kafka.open]).toEqual(['app.0.1'])
  clock.advance(20)
  await turnWith() // The first one is opened and restored.
  expect(kafka.openAtInit).toEqual([[]])
})
