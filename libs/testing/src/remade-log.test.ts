import {
  jsonCodec,
  RecordCollector,
  silentLogger,
  stream,
  table,
  topology,
  type ExternalSink,
  type RecordBatch,
  type RunOptions,
  type TopicPartition,
} from '@tidemark/streams'
import { tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, totals, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })
const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
const names = jsonCodec<string>((json) => (typeof json === 'string' ? undefined : 'not a name'))

/** As a consumer does with an offset behind the end of a log: it reads on at the beginning. */
class ResettingKafka extends InMemoryKafka {
  override batchFrom(partition: TopicPartition, fromOffset: number): RecordBatch | undefined {
    const end = this.partitions(partition.topic)[partition.partition]?.endOffset ?? 0
    return super.batchFrom(partition, fromOffset > end ? 0 : fromOffset)
  }

  /** Deletes all that a topic has, and begins it at 0 again. */
  remake(topic: string): void {
    for (const log of this.partitions(topic)) Object.assign(log, { batches: [], endOffset: 0 })
  }
}

const guarantees: RunOptions['guarantee'][] = ['exactly-once', 'at-least-once']
const several = (count: number, ms: number) => Array.from({ length: count }, () => ['ada', order(ms)] as const)

test.each(guarantees)('what a topic has that was made anew while nothing ran is processed: %s', async (guarantee) => {
  const copies = orders.to('copies', orderCodec)
  const kafka = new ResettingKafka()
  const before = new TopologyTestDriver(copies, { kafka, guarantee })
  await before.input('orders', orderCodec).pipeAll(several(10, 1))
  await before.close()
  kafka.remake('orders')
  const driver = new TopologyTestDriver(copies, { kafka, guarantee })
  driver.read('copies', orderCodec)
  for (const count of [5, 7]) await driver.input('orders', orderCodec).pipeAll(several(count, 2))
  expect(driver.read('copies', orderCodec)).toHaveLength(12)
})

test.each(guarantees)(
  'what a topic has that was made anew beside the application is processed once: %s',
  async (guarantee) => {
    const kafka = new ResettingKafka()
    const warnings: string[] = []
    const logger = { ...silentLogger, warn: (_fields: unknown, text: string) => void warnings.push(text) }
    const driver = new TopologyTestDriver(orders.to('copies', orderCodec), { kafka, guarantee, logger })
    await driver.input('orders', orderCodec).pipeAll(several(10, 1))
    expect(driver.read('copies', orderCodec)).toHaveLength(10)
    kafka.remake('orders')
    await driver.input('orders', orderCodec).pipeAll(several(5, 2))
    await driver.close()
    await driver.settle()
    expect(driver.read('copies', orderCodec)).toHaveLength(5)
    expect(warnings.filter((text) => text.includes('made anew'))).toHaveLength(1)
  },
)

test('state behind a join with a table whose topic was made anew is kept', async () => {
  const joined = orders
    .leftJoin(table('customers', names), (one) => one)
    .groupByKey()
    .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
    .aggregate(totals, { emit: 'on-close' })
    .to('order-totals', totalsCodec)
  const kafka = new ResettingKafka()
  const first = new TopologyTestDriver(joined, { kafka })
  await first.input('customers', names).pipeAll(['ada', 'ben', 'cy'].map((name) => [name, name] as const))
  await first.close()
  const driver = new TopologyTestDriver(joined, { kafka })
  const input = driver.input('orders', orderCodec)
  await input.pipe('ada', order(1))
  kafka.remake('customers')
  kafka.group('test-driver').offsets.delete('customers/0') // as the broker does with the offsets of a topic that is deleted
  await driver.input('customers', names).pipe('ada', 'Ada')
  for (const ms of [2, 3]) await input.pipe('ada', order(ms))
  driver.kill()
  await input.pipe('ada', order(61_000))
  expect(driver.read('order-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([3])
})

test('records behind a log that has lost its end are processed once, over a restart', async () => {
  const top = topology(
    orders
      .groupByKey()
      .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
      .aggregate(totals, { emit: 'on-close' })
      .to('order-totals', totalsCodec),
    orders.to('copies', orderCodec),
  )
  const kafka = new ResettingKafka()
  const run = () => new TopologyTestDriver(top, { kafka, guarantee: 'at-least-once' })
  const first = run()
  for (let ms = 1; ms <= 10; ms++) await first.input('orders', orderCodec).pipe('ada', order(ms))
  await first.close()
  for (const log of kafka.partitions('orders'))
    Object.assign(log, { batches: log.batches.filter(({ baseOffset }) => baseOffset < 4), endOffset: 4 })
  const second = run()
  await second.settle()
  for (const ms of [20, 21, 22]) await second.input('orders', orderCodec).pipe('ada', order(ms))
  await second.close()
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  for (const [key, value] of several(3, 30))
    collector.add({ topic: 'orders', key, value, codec: orderCodec, timestampMs: 0 })
  await collector.flush()
  const third = run()
  await third.settle()
  expect(third.read('copies', orderCodec)).toHaveLength(16)
})

test.each(guarantees)('a sink that holds offsets beyond those of a log made anew is refused: %s', async (guarantee) => {
  let offset: number | undefined
  const sink: ExternalSink<Order> = {
    name: 'orders-table',
    write: async (_records, progress) => void (offset = progress?.[0]?.toOffset ?? offset),
    loadOffsets: async (partitions) =>
      offset === undefined ? [] : partitions.map((one) => ({ ...one, offset: offset as number })),
  }
  const kafka = new ResettingKafka()
  const driver = new TopologyTestDriver(topology(orders.sink(sink)), { kafka, guarantee })
  await driver.input('orders', orderCodec).pipeAll(several(10, 1))
  kafka.remake('orders')
  await expect(driver.input('orders', orderCodec).pipeAll(several(5, 2))).rejects.toThrow(
    'sink orders-table has topic orders partition 0 up to offset 10, but the log goes on at 0',
  )
})

test.each(['earliest', 'latest'] as const)(
  'bad records of a table are dead letters at a first start at the %s',
  async (startAt) => {
    const kafka = new ResettingKafka()
    const joined = orders.leftJoin(table('customers', names), (one) => one).to('copies', orderCodec)
    for (const topic of ['orders', 'customers']) kafka.createTopic(topic)
    const numbers = jsonCodec<number>(() => undefined)
    const collector = new RecordCollector(kafka.producer())
    await collector.open('customers')
    for (const value of [1, 2]) collector.add({ topic: 'customers', key: 'ada', value, codec: numbers, timestampMs: 0 })
    await collector.flush()
    const driver = new TopologyTestDriver(joined, { kafka, startAt })
    await driver.input('orders', orderCodec).pipe('ada', order(1))
    expect(kafka.partitions(driver.deadLetterTopic)[0]?.endOffset).toBe(2)
  },
)

test('a sink that holds offsets goes on where a topic of a table was made anew', async () => {
  const offsets = new Map<string, number>()
  const sink: ExternalSink<Order> = {
    name: 'orders-table',
    write: async (_records, progress) => {
      for (const { topic, toOffset } of progress ?? []) offsets.set(topic, toOffset)
    },
    loadOffsets: async (partitions) =>
      partitions.flatMap((one) => {
        const offset = offsets.get(one.topic)
        return offset === undefined ? [] : [{ ...one, offset }]
      }),
  }
  const kafka = new ResettingKafka()
  const joined = orders.leftJoin(table('customers', names), (one) => one).sink(sink)
  const driver = new TopologyTestDriver(topology(joined), { kafka })
  await driver.input('customers', names).pipeAll([
    ['ada', 'Ada'],
    ['ben', 'Ben'],
  ])
  await driver.input('orders', orderCodec).pipe('ada', order(1))
  kafka.remake('customers')
  await driver.input('customers', names).pipe('ada', 'Ada')
  await driver.input('orders', orderCodec).pipe('ada', order(2))
  expect(offsets.get('orders')).toBe(2)
})
