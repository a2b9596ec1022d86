import {
  jsonCodec,
  RecordCollector,
  stream,
  StreamsRuntime,
  topology,
  type ConsumerOptions,
  type ConsumerPort,
  type RecordBatch,
  type Topology,
  type TopicPartition,
} from '@tidemark/streams'
import { count, tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, totals, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const numbers = jsonCodec<number>((json) => (typeof json === 'number' ? undefined : 'not a number'))
const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })
const ordersOf = (topic: string) => stream(topic, orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
const minute = tumbling({ sizeMs: 60_000, graceMs: 0 })
type Orders = ReturnType<typeof ordersOf>
const totalsOf = (orders: Orders, name: string) =>
  orders.groupByKey().window(minute).aggregate(totals, { emit: 'on-close', name }).to(`${name}-totals`, totalsCodec)
const countsOf = (orders: Orders, name: string) =>
  orders.groupByKey().window(minute).aggregate(count(), { emit: 'on-update', name }).to(`${name}-counts`, numbers)
/** In one task, with nothing that they share. */
const sideBySide = () => topology(totalsOf(ordersOf('orders'), 'orders'), totalsOf(ordersOf('returns'), 'returns'))

/** A batch of each record. */
async function send(kafka: InMemoryKafka, topic: string, times: readonly number[]): Promise<void> {
  const collector = new RecordCollector(kafka.producer())
  await collector.open(topic)
  for (const ms of times) {
    collector.add({ topic, key: 'ada', value: order(ms), codec: orderCodec, timestampMs: 0 })
    await collector.flush()
  }
}

/** Sends each record in a batch of its own. */
async function sender(kafka: InMemoryKafka) {
  const codec = jsonCodec<Order & { readonly padding: string }>(() => undefined)
  const collector = new RecordCollector(kafka.producer())
  for (const topic of ['orders', 'returns']) await collector.open(topic)
  return async (to: TopicPartition, value: Order & { readonly padding: string }): Promise<void> => {
    collector.add({ ...to, key: 'ada', value, codec, timestampMs: 0 })
    await collector.flush()
  }
}

async function processTwoOrders(kafka: InMemoryKafka, toRun: Topology): Promise<void> {
  const driver = new TopologyTestDriver(toRun, { kafka, guarantee: 'at-least-once' })
  for (const ms of [1, 2]) await driver.input('orders', orderCodec).pipe('ada', order(ms))
  await driver.close()
}

/** Shows records of `orders` below an offset only, as if their broker were slow. */
class SlowOrders extends InMemoryKafka {
  shownTo = Infinity

  override batchFrom(partition: TopicPartition, fromOffset: number): RecordBatch | undefined {
    if (partition.topic === 'orders' && fromOffset >= this.shownTo) return undefined
    return super.batchFrom(partition, fromOffset)
  }
}

test('state of two sources that is new with exactly-once has the records of both, killed while one of them is rebuilt', async () => {
  const kafka = new SlowOrders()
  await processTwoOrders(kafka, sideBySide())
  const [orders, returns] = [ordersOf('orders'), ordersOf('returns')]
  const both = totalsOf(orders.merge(returns), 'both')
  const after = topology(totalsOf(orders, 'orders'), totalsOf(returns, 'returns'), both)
  kafka.shownTo = 0
  const second = new TopologyTestDriver(after, { kafka })
  await second.input('returns', orderCodec).pipe('ada', order(3))
  second.kill()
  kafka.shownTo = Infinity
  for (const topic of ['orders', 'returns']) await second.input(topic, orderCodec).pipe('ada', order(61_000))
  expect(second.read('both-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([3])
})

test('results so far do not go back, and none is left out, while one of two sources is rebuilt', async () => {
  const kafka = new SlowOrders()
  const both = topology(countsOf(ordersOf('orders'), 'orders'), countsOf(ordersOf('returns'), 'returns'))
  const driver = new TopologyTestDriver(both, { kafka, guarantee: 'at-least-once', commit: 'manual' })
  const counted = () =>
    ['orders', 'returns'].map((name) => driver.read(`${name}-counts`, numbers).map(({ value }) => value))
  for (const ms of [1, 2, 3, 4]) await driver.input('orders', orderCodec).pipe('ada', order(ms))
  await driver.input('returns', orderCodec).pipe('ada', order(1))
  await driver.commit()
  expect(counted()).toEqual([[4], [1]])
  driver.kill()
  kafka.shownTo = 2
  await driver.input('returns', orderCodec).pipe('ada', order(2))
  await driver.commit()
  expect(counted()).toEqual([[], []])
  kafka.shownTo = Infinity
  await driver.settle()
  await driver.commit()
  expect(counted()).toEqual([[], [2]])
  await driver.input('orders', orderCodec).pipe('ada', order(5))
  await driver.commit()
  expect(counted()).toEqual([[5], []])
})

test('a backlog of two merged sources is read in step: windows of the one with fewer records do not pile up', async () => {
  const MINUTES = 200
  const KEYS = 20
  const kafka = new InMemoryKafka()
  const collector = new RecordCollector(kafka.producer())
  for (const topic of ['orders', 'returns']) kafka.createTopic(topic)
  for (const topic of ['orders', 'returns']) await collector.open(topic)
  const add = (topic: string, key: number, ms: number) =>
    collector.add({ topic, key: `k${key}`, value: order(ms), codec: orderCodec, timestampMs: 0 })
  for (let at = 0; at < MINUTES; at++) {
    for (let key = 0; key < KEYS; key++) {
      add('returns', key, at * 60_000)
      for (let n = 0; n < 30; n++) add('orders', key, at * 60_000 + n)
    }
    await collector.flush()
  }
  const merged = totalsOf(ordersOf('orders').merge(ordersOf('returns')), 'both')
  const driver = new TopologyTestDriver(merged, { kafka, maxOpenWindows: 4 * KEYS })
  await driver.settle()
  for (const topic of ['orders', 'returns']) {
    for (let key = 0; key < KEYS; key++) await driver.input(topic, orderCodec).pipe(`k${key}`, order(MINUTES * 60_000))
  }
  const results = driver.read('both-totals', totalsCodec)
  expect(results.length).toBe(MINUTES * KEYS)
  expect(new Set(results.map(({ value }) => value.orders))).toEqual(new Set([31]))
})

/** As a broker that has deleted what was to be read next: there is nothing more to come. */
class TrimmedOrders extends InMemoryKafka {
  override consumer(options: ConsumerOptions): ConsumerPort {
    const consumer = super.consumer(options)
    const hasMore = consumer.hasMore.bind(consumer)
    consumer.hasMore = (partition) => partition.topic !== 'orders' && hasMore(partition)
    return consumer
  }
}

test('a source whose log has lost what it was to rebuild from does not hold up the others', async () => {
  const kafka = new TrimmedOrders()
  const both = sideBySide()
  await processTwoOrders(kafka, both)
  kafka.partitions('orders')[0]?.batches.splice(0)
  const second = new TopologyTestDriver(both, { kafka, guarantee: 'at-least-once' })
  for (const ms of [1, 61_000]) await second.input('returns', orderCodec).pipe('ada', order(ms))
  expect(second.read('returns-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([1])
})

test('of sources without state, those that were rebuilt before lose nothing while others are read up to where they were', async () => {
  const kafka = new InMemoryKafka()
  const options = { kafka, guarantee: 'at-least-once' } as const
  const before = sideBySide()
  const first = new TopologyTestDriver(before, options)
  for (let ms = 0; ms < 50; ms++) await first.input('returns', orderCodec).pipe('ada', order(ms))
  for (const ms of [1, 2]) await first.input('orders', orderCodec).pipe('ada', order(ms))
  await first.close()
  await send(kafka, 'orders', Array<number>(30).fill(3))
  const after = topology(ordersOf('orders').to('c1', orderCodec), ordersOf('returns').to('c2', orderCodec))
  const second = new TopologyTestDriver(after, options)
  for (const topic of ['orders', 'returns']) await second.input(topic, orderCodec).pipe('ada', order(3))
  expect(['c1', 'c2'].map((topic) => second.read(topic, orderCodec).length)).toEqual([31, 1])
})

test('records of a time that is far ahead do not hold up their source for as long as another has records', async () => {
  const kafka = new InMemoryKafka()
  const [orders, returns] = [ordersOf('orders'), ordersOf('returns')]
  const both = topology(totalsOf(orders.merge(returns), 'both'), orders.merge(returns).to('copies', orderCodec))
  const driver = new TopologyTestDriver(both, { kafka })
  for (const ms of [9e12, 9e12]) await driver.input('orders', orderCodec).pipe('ada', order(ms))
  driver.read('copies', orderCodec)
  await send(kafka, 'orders', [7])
  await send(kafka, 'returns', Array<number>(3_000).fill(1))
  await driver.settle()
  const copies = driver.read('copies', orderCodec).map(({ value }) => value.placedAtMs)
  expect(copies).toHaveLength(3_001)
  expect(copies.indexOf(7)).toBeLessThan(1_100)
})

test('one record of a time that is far ahead makes no others late: its source is read in step with the others', async () => {
  const kafka = new InMemoryKafka()
  const late = { late: 'late' }
  const ofMinutes = tumbling({ sizeMs: 60_000, graceMs: 300_000 })
  const merged = ordersOf('orders').merge(ordersOf('returns')).groupByKey().window(ofMinutes)
  const both = merged.aggregate(totals, { emit: 'on-close', name: 'both' }).to('both-totals', totalsCodec, late)
  const driver = new TopologyTestDriver(both, { kafka })
  const minutes = Array.from({ length: 1_500 }, (_, at) => at * 60_000)
  await send(kafka, 'orders', [0, 9e12, ...minutes])
  await send(kafka, 'returns', minutes)
  await driver.settle()
  expect(driver.read('late', orderCodec)).toEqual([])
  expect(driver.read('both-totals', totalsCodec).length).toBeGreaterThan(1_400)
})

test('a source does not wait for ever for one that has records which nobody serves', async () => {
  const kafka = new SlowOrders()
  const [orders, returns] = [ordersOf('orders'), ordersOf('returns')]
  const both = topology(totalsOf(orders.merge(returns), 'both'), returns.to('copies', orderCodec))
  const driver = new TopologyTestDriver(both, { kafka })
  const copied = () => driver.read('copies', orderCodec).length
  kafka.shownTo = 0
  await send(kafka, 'orders', [1])
  await send(kafka, 'returns', [1, 2, 3, 4, 5])
  await driver.settle()
  const atFirst = copied()
  expect(atFirst).toBeLessThan(5)
  driver.clock.advance(60_000)
  await driver.settle()
  expect(atFirst + copied()).toBe(5)
})

test.each([2, 64])('nor once for each poll, with room for %i MiB', async (mebibytes) => {
  const kafka = new SlowOrders()
  for (const topic of ['orders', 'returns', 'both-totals', 'app-dlq']) kafka.createTopic(topic)
  const padding = 'x'.repeat(400_000)
  const add = await sender(kafka)
  await add({ topic: 'orders', partition: 0 }, { ...order(1), padding })
  for (let ms = 1; ms <= 30; ms++) await add({ topic: 'returns', partition: 0 }, { ...order(ms), padding })
  kafka.shownTo = 0
  let nowMs = 0
  const maxBufferedBytes = mebibytes * 1024 * 1024
  const options = { applicationId: 'app', kafka, maxBufferedBytes, nowMs: () => nowMs } as const
  const both = totalsOf(ordersOf('orders').merge(ordersOf('returns')), 'both')
  const runtime = new StreamsRuntime(both, { ...options, guarantee: 'exactly-once' })
  await runtime.start()
  for (; nowMs < 40_000; nowMs += 1_000) await runtime.turn(0)
  await runtime.close({ commit: true })
  expect(runtime.counters.processed).toBe(30)
})

test('where a new source begins at the end of its log is committed at once, also while another is rebuilt', async () => {
  const kafka = new SlowOrders()
  await processTwoOrders(kafka, totalsOf(ordersOf('orders'), 'orders'))
  kafka.shownTo = 0
  const options = { kafka, guarantee: 'at-least-once', startAt: 'latest' } as const
  const driver = new TopologyTestDriver(sideBySide(), options)
  await driver.settle()
  await driver.input('returns', orderCodec).pipe('ada', order(3))
  driver.kill()
  kafka.shownTo = Infinity
  await driver.input('returns', orderCodec).pipe('ada', order(61_000))
  expect(driver.read('returns-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([1])
})

test('what waits for another source stays within maxBufferedBytes, and comes when it is its turn', async () => {
  const PARTITIONS = 40
  const kafka = new InMemoryKafka()
  for (const topic of ['orders', 'returns', 'both-totals', 'app-dlq']) kafka.createTopic(topic, PARTITIONS)
  const add = await sender(kafka)
  const padding = 'x'.repeat(400_000)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const ms of [1, 2, 3, 4]) await add({ topic: 'orders', partition }, { ...order(3_600_000 + ms), padding })
    for (const ms of [1, 2, 3, 4]) await add({ topic: 'returns', partition }, { ...order(ms), padding: '' })
  }
  const maxBufferedBytes = 8 * 1024 * 1024
  const both = totalsOf(ordersOf('orders').merge(ordersOf('returns')), 'both')
  const options = { applicationId: 'app', kafka, guarantee: 'exactly-once', maxBufferedBytes, nowMs: () => 0 } as const
  const runtime = new StreamsRuntime(both, options)
  await runtime.start()
  let mostBytes = 0
  do mostBytes = Math.max(mostBytes, runtime.bufferedBytes)
  while ((await runtime.turn(0)) > 0)
  await runtime.close({ commit: true })
  expect([runtime.counters.processed, runtime.counters.late]).toEqual([8 * PARTITIONS, 0])
  expect(mostBytes).toBeGreaterThan(0)
  expect(mostBytes).toBeLessThanOrEqual(maxBufferedBytes)
})

test('small batches do not count as much as the large one that waits for them', async () => {
  const SECONDS = 8_000
  const kafka = new InMemoryKafka()
  const second = tumbling({ sizeMs: 1_000, graceMs: 0 })
  const merged = ordersOf('orders').merge(ordersOf('returns')).groupByKey().window(second)
  const both = merged.aggregate(totals, { emit: 'on-close', name: 'both' }).to('both-totals', totalsCodec)
  const driver = new TopologyTestDriver(both, { kafka, maxOpenWindows: 4_500 })
  const collector = new RecordCollector(kafka.producer())
  for (const topic of ['orders', 'returns']) await collector.open(topic)
  for (const [topic, size] of [
    ['orders', 2_000],
    ['returns', 1],
  ] as const) {
    for (let at = 0; at < SECONDS; at++) {
      collector.add({ topic, key: 'ada', value: order(at * 1_000), codec: orderCodec, timestampMs: 0 })
      if (at % size === size - 1) await collector.flush()
    }
  }
  await driver.settle()
  expect(driver.read('both-totals', totalsCodec)).toHaveLength(SECONDS - 1)
})
