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
  /** Topics that no broker says anything about. */
  unknown: RegExp | undefined
  /** Resolves when somebody waits for more. */
  readonly waiting = Promise.withResolvers<void>()

  override logReader(): LogReaderPort {
    const reader = super.logReader()
    const opened: LogReaderPort = {
      ...reader,
      partitionCount: async (topic) => {
        if (this.unknown?.test(topic) !== true) return await reader.partitionCount(topic)
        this.waiting.resolve()
        return await new Promise(() => undefined)
      },
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

/** Stops an application that waits in its start or a restore, and says what is left of it. */
async function stoppedWaiting(kafka: HeldKafka, topology: Topology) {
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
  expect(await stoppedWaiting(kafka, topology)).toEqual(ENDED)
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
  expect(await stoppedWaiting(kafka, topology)).toEqual(ENDED)

  kafka.held = undefined
  const after = new TopologyTestDriver(topology, { kafka })
  await after.input('orders', orderCodec).pipe('ada', order(3))
  expect(after.read('rated', orderCodec).map(({ value }) => value.placedAtMs)).toEqual([2])
})

test.each([
  ['its sources', /^orders$/],
  ['its outputs', /^order-totals$/],
])('a stop ends a start that waits for what brokers say of %s, and leaves nothing of it open', async (_, unknown) => {
  const kafka = new HeldKafka()
  const topology = ordersTopology({ clock: 'key' })
  await new TopologyTestDriver(topology, { kafka }).close()
  kafka.unknown = unknown
  expect(await stoppedWaiting(kafka, topology)).toEqual(ENDED)
})

test('so it does one that waits for the schema of an output', async () => {
  const kafka = new HeldKafka()
  const prepare = async () => {
    kafka.waiting.resolve()
    await new Promise(() => undefined)
  }
  const topology = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
  await new TopologyTestDriver(topology.to('copies', orderCodec), { kafka }).close()
  expect(await stoppedWaiting(kafka, topology.to('copies', { ...orderCodec, prepare }))).toEqual(ENDED)
})
