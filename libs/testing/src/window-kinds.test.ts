import { jsonCodec, RecordCollector, stream, topology } from '@tidemark/streams'
import { count, countWindows, hopping, session, tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, ordersTopology, totals, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })
const numbers = jsonCodec<number>(() => undefined)

test('hopping windows overlap: a record is in several', async () => {
  const topology = orders
    .groupByKey()
    .window(hopping({ sizeMs: 1_000, advanceMs: 500, graceMs: 0 }))
    .aggregate(totals, { emit: 'on-close' })
    .to('order-totals', totalsCodec)
  const driver = new TopologyTestDriver(topology)
  await driver.input('orders', orderCodec).pipeAll([700, 5_000].map((ms) => ['ada', order(ms)] as const))
  expect(driver.read('order-totals', totalsCodec).map(({ value }) => [value.startMs, value.orders])).toEqual([
    [0, 1],
    [500, 1],
  ])
})

test('a session ends when its key is silent for the gap, also over a crash', async () => {
  const topology = orders
    .groupByKey()
    .window(session({ gapMs: 1_000, graceMs: 0 }))
    .aggregate(count(), { emit: 'on-close' })
    .to('sessions', numbers)
  const driver = new TopologyTestDriver(topology)
  const input = driver.input('orders', orderCodec)
  await input.pipeAll([100, 900].map((ms) => ['ada', order(ms)] as const))
  driver.kill()
  await input.pipeAll([1_800, 9_000].map((ms) => ['ada', order(ms)] as const))
  expect(driver.read('sessions', numbers).map(({ value }) => value)).toEqual([3])
})

test('count windows cut by a sequence', async () => {
  const topology = orders
    .groupByKey()
    .window(countWindows({ size: 2, sequence: (order: Order) => order.placedAtMs }))
    .aggregate(count(), { emit: 'on-close' })
    .to('pairs', numbers)
  const driver = new TopologyTestDriver(topology)
  await driver.input('orders', orderCodec).pipeAll([1, 2, 3, 4, 5].map((ms) => ['ada', order(ms)] as const))
  expect(driver.read('pairs', numbers).map(({ value }) => value)).toEqual([2, 2])
})

test('keys of count windows are state, which has a limit, also when no window of theirs is open', async () => {
  const topology = orders
    .groupByKey()
    .window(countWindows({ size: 1, sequence: (order: Order) => order.placedAtMs }))
    .aggregate(count(), { emit: 'on-close' })
    .to('counts', numbers)
  const driver = new TopologyTestDriver(topology, { maxStateEntries: 10 })
  const ofKeys = Array.from({ length: 20 }, (_, at) => [`customer-${at}`, order(at)] as const)
  await expect(driver.input('orders', orderCodec).pipeAll(ofKeys)).rejects.toThrow(
    /entries of state are in memory, the limit \(maxStateEntries\) is 10; most are of .* \(20\)/,
  )
})

test('with on-update, every commit tells the results so far, and the final one comes once', async () => {
  const topology = orders
    .groupByKey()
    .window(tumbling({ sizeMs: 1_000, graceMs: 0 }))
    .aggregate(totals, { emit: 'on-update' })
    .to('order-totals', totalsCodec)
  const driver = new TopologyTestDriver(topology)
  const input = driver.input('orders', orderCodec)
  for (const ms of [1, 2, 1_000]) await input.pipe('ada', order(ms))
  expect(driver.read('order-totals', totalsCodec).map(({ value }) => [value.startMs, value.orders])).toEqual([
    [0, 1],
    [0, 2],
    [0, 2],
    [1_000, 1],
  ])
})

test('windows whose state can not be rebuilt from their input are refused at least once, at the start', async () => {
  const topology = orders
    .groupByKey()
    .window(session({ gapMs: 1_000, graceMs: 0 }))
    .aggregate(count(), { emit: 'on-close' })
    .to('sessions', numbers)
  const driver = new TopologyTestDriver(topology, { guarantee: 'at-least-once' })
  await expect(driver.settle()).rejects.toThrow("the state of session windows can't be rebuilt from their input")
})

test('a topology that has other windows than its state was made for is refused, and named', async () => {
  const first = new TopologyTestDriver(ordersTopology({ sizeMs: 60_000 }), {})
  await first.input('orders', orderCodec).pipe('ada', order(1))
  await first.close()
  const renamed = orders
    .groupByKey()
    .window(tumbling({ sizeMs: 10_000, graceMs: 2_000 }))
    .aggregate(totals, { emit: 'on-close', name: 'windows-tumbling-1m-grace-2s' })
    .to('order-totals', totalsCodec)
  const second = new TopologyTestDriver(renamed, { kafka: first.kafka })
  await expect(second.input('orders', orderCodec).pipe('ada', order(2))).rejects.toThrow(
    'state windows-tumbling-1m-grace-2s in test-driver-windows-tumbling-1m-grace-2s-changelog was made for ' +
      '"tumbling-1m-grace-2s, folded by [number], entries of version 2", the topology now has ' +
      '"tumbling-10s-grace-2s, folded by [number], entries of version 2": ' +
      'change it back, or reset the application (npm run operate -- reset --application test-driver)',
  )
})

test.each([
  ['tumbling-1m-grace-2s', 'version 1'],
  ['tumbling-1m-grace-2s, entries of version 17', 'version 17'],
])(
  'state of the same windows that another version of the library has written as "%s" is told as that',
  async (spec, version) => {
    const kafka = new InMemoryKafka()
    const changelog = 'test-driver-windows-tumbling-1m-grace-2s-changelog'
    kafka.createTopic(changelog)
    const collector = new RecordCollector(kafka.producer())
    await collector.open(changelog)
    const codec = jsonCodec<string>(() => undefined)
    collector.add({ topic: changelog, key: '\u0000spec', value: spec, codec, timestampMs: 0 })
    await collector.flush()
    const driver = new TopologyTestDriver(ordersTopology({ sizeMs: 60_000 }), { kafka })
    await expect(driver.input('orders', orderCodec).pipe('ada', order(1))).rejects.toThrow(
      `was written by another version of @tidemark/streams: its entries are of ${version}, this one has version 2: go on with the ` +
        'version that wrote it, or reset the application (npm run operate -- reset --application test-driver)',
    )
  },
)

test('aggregates with the same windows keep their state apart: of one source, and of two', async () => {
  const returns = stream('returns', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
  const minutes = (from: typeof orders, to: string) =>
    from
      .groupByKey()
      .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
      .aggregate(totals, { emit: 'on-close' })
      .to(to, totalsCodec)
  const both = topology(
    minutes(orders, 'orders-a'),
    minutes(
      orders.filter(({ amount }) => amount > 1),
      'orders-b',
    ),
    minutes(returns, 'returns-a'),
  )
  const driver = new TopologyTestDriver(both)
  const ordered = driver.input('orders', orderCodec)
  const returned = driver.input('returns', orderCodec)
  await ordered.pipeAll([
    ['ada', order(1)],
    ['ada', { amount: 5, placedAtMs: 2 }],
  ])
  await returned.pipe('ada', { amount: 9, placedAtMs: 3 })
  driver.kill()
  await ordered.pipe('ada', order(60_000))
  await returned.pipe('ada', order(60_000))
  const amounts = ['orders-a', 'orders-b', 'returns-a'].map((topic) =>
    driver.read(topic, totalsCodec).map(({ value }) => value.amount),
  )
  expect(amounts).toEqual([[6], [5], [9]])
})

test('a topology that no longer has windows which were open is refused, and named', async () => {
  const first = new TopologyTestDriver(ordersTopology({ sizeMs: 60_000 }))
  await first.input('orders', orderCodec).pipe('ada', order(1))
  await first.close()
  const second = new TopologyTestDriver(ordersTopology({ sizeMs: 10_000 }), { kafka: first.kafka })
  await expect(second.settle()).rejects.toThrow(
    'topic orders partition 0: the topology no longer has state windows-tumbling-1m-grace-2s',
  )
})

test('an application that ran exactly-once can not go on at least once without its state', async () => {
  const first = new TopologyTestDriver(ordersTopology(), {})
  await first.input('orders', orderCodec).pipe('ada', order(1))
  await first.close()
  const second = new TopologyTestDriver(ordersTopology(), { kafka: first.kafka, guarantee: 'at-least-once' })
  await expect(second.settle()).rejects.toThrow('this application ran exactly-once before')
})

test('an application that ran at least once goes on exactly once, with the windows that were open', async () => {
  const first = new TopologyTestDriver(ordersTopology(), { guarantee: 'at-least-once' })
  await first.input('orders', orderCodec).pipeAll([1, 2].map((ms) => ['ada', order(ms)] as const))
  await first.close()
  const second = new TopologyTestDriver(ordersTopology(), { kafka: first.kafka })
  const input = second.input('orders', orderCodec)
  await input.pipe('ada', order(3))
  second.kill()
  await input.pipe('ada', order(62_000))
  expect(second.read('order-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([3])
})
