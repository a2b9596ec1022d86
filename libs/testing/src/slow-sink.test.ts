import {
  RecordCollector,
  StreamsRuntime,
  stream,
  topology,
  type ExternalSink,
  type RecordBatch,
  type RunOptions,
  type TopicPartition,
} from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { ManualClock } from './manual-clock.ts'
import { orderCodec, type Order } from './orders-fixture.ts'

const PARTITIONS = 4
const applicationId = 'slow'
const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })

/** A sink whose writes end when the test says so. */
class SlowSink implements ExternalSink<Order> {
  readonly name = 'slow'
  readonly written: number[] = []
  readonly #waiting: (() => void)[] = []
  atOnce = 0

  async write(records: readonly { readonly value: Order }[]): Promise<void> {
    this.atOnce = Math.max(this.atOnce, this.#waiting.length + 1)
    await new Promise<void>((resolve) => void this.#waiting.push(resolve))
    this.written.push(...records.map(({ value }) => value.amount))
  }

  release(): void {
    this.#waiting.shift()?.()
  }
}

/** A poll has a batch of every eighth partition, of others in the next one. */
class RoundRobinKafka extends InMemoryKafka {
  poll = 0

  override batchFrom(partition: TopicPartition, fromOffset: number): RecordBatch | undefined {
    return partition.partition % 8 === this.poll % 8 ? super.batchFrom(partition, fromOffset) : undefined
  }
}

async function kafkaWith(
  keys: readonly string[],
  records: number,
  { partitions = PARTITIONS, flushBytes = 100_000 } = {},
): Promise<InMemoryKafka> {
  const kafka = new InMemoryKafka()
  for (const topic of ['orders', 'copy', `${applicationId}-dlq`]) kafka.createTopic(topic, partitions)
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  for (let amount = 0; amount < records; amount++) {
    const key = keys[amount % keys.length] as string
    collector.add({ topic: 'orders', key, value: { amount, placedAtMs: 1 }, codec: orderCodec, timestampMs: 0 })
    if (collector.bufferedBytes > flushBytes) await collector.flush()
  }
  await collector.flush()
  return kafka
}

const options = (kafka: InMemoryKafka, clock: ManualClock): RunOptions & { nowMs: () => number } => ({
  applicationId,
  kafka,
  guarantee: 'exactly-once',
  commitIntervalMs: 100,
  nowMs: clock.nowMs,
})

test.each([
  ['a few partitions', { partitions: 4, flushBytes: 100_000 }],
  // What comes of one batch each, of objects, is more than all that is allowed.
  ['many partitions with large batches', { partitions: 16, flushBytes: 600_000 }],
])(
  'a slow sink and a long backlog of %s: what is in memory stays below its bound, and nothing is lost or written twice',
  async (_what, log) => {
    const records = 120_000
    const keys = Array.from({ length: 160 }, (_, key) => `key-${key}`)
    const kafka = await kafkaWith(keys, records, log)
    const clock = new ManualClock()
    const sink = new SlowSink()
    const maxBufferedBytes = 4 * 1024 * 1024
    const limits = { maxBufferedBytes, maxSinkRecords: 1_000_000 }
    const runtime = new StreamsRuntime(topology(orders.sink(sink)), { ...options(kafka, clock), ...limits })
    await runtime.start()
    let most = 0
    for (let turn = 0; sink.written.length < records; turn++) {
      await runtime.turn(0)
      most = Math.max(most, runtime.bufferedBytes)
      // Commits become due again and again while the sink takes its time.
      clock.advance(50)
      if (turn % 20 === 19) sink.release()
    }
    expect(most).toBeGreaterThan(maxBufferedBytes / 4)
    expect(most).toBeLessThanOrEqual(maxBufferedBytes)
    expect(new Set(sink.written).size).toBe(records)
    expect(sink.written).toHaveLength(records)
    expect(sink.atOnce).toBe(1)
  },
)

test('a slow sink that gets a little of each of many partitions: what they wait with is bounded as well, and goes on', async () => {
  const kafka = new RoundRobinKafka()
  for (const topic of ['orders', `${applicationId}-dlq`]) kafka.createTopic(topic, 64)
  const keys = Array.from({ length: 640 }, (_, key) => `key-${key}`)
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  const records = 12_000
  const note = 'x'.repeat(3_000)
  for (let amount = 0; amount < records; amount++) {
    const key = keys[amount % keys.length] as string
    const value = { amount, placedAtMs: 1, ...(amount >= keys.length && { note }) }
    collector.add({ topic: 'orders', key, value, codec: orderCodec, timestampMs: 0 })
    // First a small batch for each partition, then large ones.
    if (amount === keys.length - 1 || amount % 3_000 === 2_999) await collector.flush()
  }
  await collector.flush()
  const clock = new ManualClock()
  const sink = new SlowSink()
  const maxBufferedBytes = 4 * 1024 * 1024
  const app = topology(orders.filter(({ amount }) => amount < keys.length).sink(sink))
  const runtime = new StreamsRuntime(app, { ...options(kafka, clock), maxBufferedBytes })
  await runtime.start()
  let most = 0
  for (let turn = 0; runtime.counters.processed < records; turn++) {
    kafka.poll = turn
    await runtime.turn(0)
    most = Math.max(most, runtime.bufferedBytes)
    clock.advance(50)
    if (turn % 20 === 19) sink.release()
  }
  expect(most).toBeGreaterThan(maxBufferedBytes / 4)
  expect(most).toBeLessThanOrEqual(maxBufferedBytes)
  expect(sink.written.toSorted((one, other) => one - other)).toEqual([...keys.keys()])
})

test('a slow sink holds up the partitions that it is written for, and no others', async () => {
  const kafka = await kafkaWith(['ada'], 3)
  const clock = new ManualClock()
  const sink = new SlowSink()
  const app = topology(
    orders.filter(({ amount }) => amount < 1_000).sink(sink),
    orders.filter(({ amount }) => amount >= 1_000).to('copy', orderCodec),
  )
  const runtime = new StreamsRuntime(app, options(kafka, clock))
  await runtime.start()
  const turns = async () => {
    for (let turn = 0; turn < 5; turn++) {
      await runtime.turn(0)
      clock.advance(100)
    }
  }
  await turns()
  expect(runtime.isWriting).toBe(true)
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  const add = (key: string, amount: number) =>
    collector.add({ topic: 'orders', key, value: { amount, placedAtMs: 1 }, codec: orderCodec, timestampMs: 0 })
  add('ada', 3)
  for (const key of ['bob', 'cyd', 'dan', 'eve', 'fay']) add(key, 1_000)
  await collector.flush()
  await turns()
  const copies = () => kafka.partitions('copy').reduce((sum, { endOffset }) => sum + endOffset, 0)
  const waiting = kafka.partitions('orders').findIndex(({ endOffset }) => endOffset >= 4)
  const inTheWay = kafka.partitions('orders')[waiting]!.endOffset - 4
  expect(copies()).toBe(5 - inTheWay)
  expect(kafka.group(applicationId).offsets.get(`orders/${waiting}`)).toBeUndefined()
  sink.release()
  await turns()
  sink.release()
  await turns()
  expect(sink.written).toEqual([0, 1, 2, 3])
  expect(copies()).toBe(5)
  expect(runtime.isWriting).toBe(false)
  expect(runtime.bufferedBytes).toBe(0)
})

test('what was processed before a task had to wait for room is committed when the application stops', async () => {
  const kafka = new InMemoryKafka()
  for (const topic of ['orders', `${applicationId}-dlq`]) kafka.createTopic(topic, 2)
  const sink = new SlowSink()
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  const runtime = new StreamsRuntime(topology(orders.sink(sink)), {
    applicationId,
    kafka,
    guarantee: 'exactly-once',
    commitIntervalMs: 60_000,
    maxBufferedBytes: 200_000,
    maxSinkRecords: 20,
    nowMs: new ManualClock().nowMs,
  })
  await runtime.start()
  await runtime.turn(0)
  // The first begins a write. Beside it, the other partition processes some, until what comes for the first leaves no room.
  for (const [partition, count] of [
    [0, 21],
    [1, 10],
    [0, 2_000],
    [1, 1],
  ] as const) {
    for (let amount = 0; amount < count; amount++) {
      const value = { amount, placedAtMs: 1 }
      collector.add({ topic: 'orders', partition, key: 'ada', value, codec: orderCodec, timestampMs: 0 })
    }
    await collector.flush()
    await runtime.turn(0)
  }
  let isClosed = false
  const closing = runtime.close({ commit: true }).then(() => void (isClosed = true))
  while (!isClosed) {
    sink.release()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await closing
  const offsets = [...kafka.group(applicationId).offsets.values()].map(({ partition, offset }) => [partition, offset])
  expect(offsets.sort()).toEqual([
    [0, 21],
    [1, 10],
  ])
})
