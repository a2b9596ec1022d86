import {
  jsonCodec,
  silentLogger,
  stream,
  table,
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
