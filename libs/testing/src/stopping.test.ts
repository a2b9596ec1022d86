import { RecordCollector, run, stream, type ExternalSink, type KafkaPorts } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, type Order } from './orders-fixture.ts'

const applicationId = 'stopping'

async function kafkaWith(records: number): Promise<InMemoryKafka> {
  const kafka = new InMemoryKafka()
  for (const topic of ['orders', `${applicationId}-dlq`]) kafka.createTopic(topic)
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  for (let amount = 0; amount < records; amount++) {
    collector.add({ topic: 'orders', key: 'ada', value: { amount, placedAtMs: 1 }, codec: orderCodec, timestampMs: 0 })
  }
  await collector.flush()
  return kafka
}

function start(kafka: KafkaPorts, sink: ExternalSink<Order>) {
  const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
  return run(orders.sink(sink), { applicationId, kafka, guarantee: 'exactly-once', commitIntervalMs: 0 })
}

test('a stop waits for the write that is under way, commits it, and leaves: the next start has nothing to repeat', async () => {
  const kafka = await kafkaWith(3)
  const writing = Promise.withResolvers<() => void>()
  const written: number[] = []
  const sink: ExternalSink<Order> = {
    name: 'ledger',
    write: async (records) => {
      await new Promise<void>((resolve) => writing.resolve(resolve))
      written.push(...records.map(({ value }) => value.amount))
    },
  }
  const app = start(kafka, sink)
  const endWrite = await writing.promise
  let isStopped = false
  const stopped = app.stop().then(() => {
    isStopped = true
  })
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect([isStopped, app.health().status, app.health().ready]).toEqual([false, 'stopping', false])
  endWrite()
  await stopped
  await app.done
  expect(written).toEqual([0, 1, 2])
  expect(kafka.group(applicationId).offsets.get('orders/0')?.offset).toBe(3)
  expect(kafka.group(applicationId).members).toEqual([])
})

test('an application that fails ends: not live, its group left, nothing committed of what failed', async () => {
  const kafka = await kafkaWith(3)
  const app = start(kafka, { name: 'ledger', write: () => Promise.reject(new Error('disk full')) })
  await expect(app.done).rejects.toThrow('sink ledger: disk full')
  expect(app.health()).toMatchObject({ status: 'failed', live: false, ready: false })
  expect(kafka.group(applicationId).members).toEqual([])
  expect(kafka.group(applicationId).offsets.size).toBe(0)
})
