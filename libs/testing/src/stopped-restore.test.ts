import {
  run,
  stream,
  table,
  type LogReaderPort,
  type RecordBatch,
  type StreamsApp,
  type Topology,
  type TransactionalProducerOptions,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, ordersTopology, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const applicationId = 'test-driver'
const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })

/** A Kafka that knows what of it is open, and gives of a topic no more than a first batch while it is held. */
class HeldKafka extends InMemoryKafka {
  readonly open = new Set<object>()
  held: RegExp | undefined
  /** Resolves when somebody waits for more. */
  readonly waiting = Promise.withResolvers<void>()

  override logReader(): LogReaderPort {
    const reader = super.logReader()
    const opened: LogReaderPort = {
      ...reader,
      read: (partition, from, to) => {
        const batches = reader.read(partition, from, to)
        return this.held?.test(partition.topic) ? this.#first(batches) : batches
      },
      close: async () => void this.open.delete(opened),
    }
    this.open.add(opened)
    return opened
  }

  override transactionalProducer(options: TransactionalProducerOptions): TransactionalProducerPort {
    const producer = super.transactionalProducer(options)
    const opened: TransactionalProducerPort = {
      ...producer,
      close: async () => {
        await producer.close()
        this.open.delete(opened)
      },
    }
    this.open.add(opened)
    return opened
  }

  async *#first(batches: AsyncIterable<RecordBatch>): AsyncGenerator<RecordBatch> {
    for await (const batch of batches) {
      yield batch
      this.waiting.resolve()
      await new Promise(() => undefined)
    }
  }
}

const start = (kafka: InMemoryKafka, topology: Topology): StreamsApp =>
  run(topology, { applicationId, kafka, guarantee: 'exactly-once', commitIntervalMs: 0 })

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Stops an application that waits in a restore, and says what is left of it. */
async function stoppedInRestore(kafka: HeldKafka, topology: Topology) {
  kafka.open.clear()
  const app = start(kafka, topology)
  await kafka.waiting.promise
  let isStopped = false
  void app.stop().then(() => (isStopped = true))
  await turns()
  const { status } = app.health()
  return { isStopped, status, members: kafka.group(applicationId).members.length, open: kafka.open.size }
}

const ENDED = { isStopped: true, status: 'stopped', members: 0, open: 0 }

test('a stop ends a restore that would take long, leaves nothing open, and the next start restores from the beginning', async () => {
  const kafka = new HeldKafka()
  const topology = ordersTopology({ clock: 'key' })
  const before = new TopologyTestDriver(topology, { kafka })
  for (const at of [1, 2, 3]) await before.input('orders', orderCodec).pipe('ada', order(at))
  await before.close()
  kafka.held = /-windows-.*-changelog$/
  expect(await stoppedInRestore(kafka, topology)).toEqual(ENDED)
  expect(kafka.group(applicationId).offsets.get('orders/0')?.offset).toBe(3)

  kafka.held = undefined
  const after = new TopologyTestDriver(topology, { kafka })
  await after.input('orders', orderCodec).pipe('ada', order(62_000))
  expect(after.read('order-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([3])
})

test('a stop ends the loading of a table, and leaves nothing of it open', async () => {
  const kafka = new HeldKafka()
  const topology = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .join(table('rates', orderCodec), (_order, rate) => rate)
    .to('rated', orderCodec)
  const before = new TopologyTestDriver(topology, { kafka })
  for (const at of [1, 2]) await before.input('rates', orderCodec).pipe('ada', order(at))
  await before.close()
  kafka.held = /^rates$/
  expect(await stoppedInRestore(kafka, topology)).toEqual(ENDED)

  kafka.held = undefined
  const after = new TopologyTestDriver(topology, { kafka })
  await after.input('orders', orderCodec).pipe('ada', order(3))
  expect(after.read('rated', orderCodec).map(({ value }) => value.placedAtMs)).toEqual([2])
})
