import {
  formatResetUnderWay,
  stream,
  StreamsError,
  topology,
  type ConsumerOptions,
  type ConsumerPort,
  type Topology,
} from '@tidemark/streams'
import { tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, ordersTopology, totals, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })
const ordersOf = (topic: string) => stream(topic, orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
const both = ordersOf('orders')
  .merge(ordersOf('returns'))
  .groupByKey()
  .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
  .aggregate(totals, { emit: 'on-close' })
  .to('totals', totalsCodec)
const lost = (topic: string) =>
  `application test-driver has state of topic ${topic} partition 0, but no longer the offset that was committed with it`

/** An application with open windows, stopped; then offsets of its group are deleted. */
async function stopped(described: Topology, topics: readonly string[]) {
  const driver = new TopologyTestDriver(described)
  for (const { topic } of described.sources) await driver.input(topic, orderCodec).pipe('ada', order(1))
  await driver.close()
  for (const topic of topics) driver.kafka.group('test-driver').offsets.delete(`${topic}/0`)
  return driver.kafka
}

const refusal = async (kafka: InMemoryKafka, described: Topology) => {
  const error: unknown = await new TopologyTestDriver(described, { kafka })
    .settle()
    .catch((failure: unknown) => failure)
  return error instanceof StreamsError ? error : undefined
}

test('state whose offsets are gone is refused, and it is said why and what to do', async () => {
  const error = await refusal(await stopped(ordersTopology(), ['orders']), ordersTopology())
  expect(error?.code).toBe('offsets-lost')
  expect(error?.message).toBe(
    `${lost('orders')}, and would count records twice: a reset was ended half-way, or all instances were stopped for longer than the brokers ` +
      'keep offsets (offsets.retention.minutes): reset the application (npm run operate -- reset --application test-driver)',
  )
})

test.each(['orders', 'returns'])(
  'of two sources, state of both, the one whose offset is gone is named: %s',
  async (topic) => {
    expect((await refusal(await stopped(both, [topic]), both))?.message).toContain(lost(topic))
  },
)

test('a source that no state is made of may lose its offsets, and is read again', async () => {
  const described = topology(
    ordersOf('orders')
      .groupByKey()
      .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
      .aggregate(totals, { emit: 'on-close' })
      .to('totals', totalsCodec),
    ordersOf('returns').to('copies', orderCodec),
  )
  expect(await refusal(await stopped(described, ['returns']), described)).toBeUndefined()
  expect((await refusal(await stopped(described, ['orders']), described))?.code).toBe('offsets-lost')
})

test('a source that nothing has come of yet has no offset, and that is nothing to refuse', async () => {
  const first = new TopologyTestDriver(both)
  await first.input('orders', orderCodec).pipe('ada', order(1))
  await first.close()
  expect(await refusal(first.kafka, both)).toBeUndefined()
})

test('state that a run at least once has left unread since its offsets were lost is refused as well', async () => {
  const kafka = await stopped(ordersTopology(), ['orders'])
  const between = new TopologyTestDriver(ordersTopology(), { kafka, guarantee: 'at-least-once' })
  await between.input('orders', orderCodec).pipe('ada', order(2))
  await between.close()
  expect((await refusal(kafka, ordersTopology()))?.code).toBe('offsets-lost')
})

test('an application without state goes on where it is told to when its offsets are gone', async () => {
  const copies = topology(ordersOf('orders').to('copies', orderCodec))
  expect(await refusal(await stopped(copies, ['orders']), copies)).toBeUndefined()
})

test.each(['exactly-once', 'at-least-once'] as const)(
  'offsets that a reset has marked and not yet deleted are refused (%s)',
  async (guarantee) => {
    const kafka = await stopped(ordersTopology(), [])
    const offset = { topic: 'orders', partition: 0, offset: 1, metadata: formatResetUnderWay(['sums']) }
    kafka.group('test-driver').setOffsets([offset])
    await expect(new TopologyTestDriver(ordersTopology(), { kafka, guarantee }).settle()).rejects.toThrow(
      'topic orders partition 0: a reset of this application was begun and has not ended',
    )
  },
)

/** A Kafka on which something happens before a member hears what is committed, once. */
class SlowAnswers extends InMemoryKafka {
  beforeAnswer: (() => Promise<void>) | undefined

  override consumer(options: ConsumerOptions): ConsumerPort {
    const consumer = super.consumer(options)
    const committed = consumer.committed.bind(consumer)
    consumer.committed = async (partitions) => {
      const answer = await committed(partitions)
      const { beforeAnswer } = this
      this.beforeAnswer = undefined
      await beforeAnswer?.()
      return answer
    }
    return consumer
  }
}

test('a member that is superseded before its first restore does not take the state of the next one for state without offsets', async () => {
  const kafka = new SlowAnswers()
  const group = kafka.group('test-driver')
  const slow = new TopologyTestDriver(ordersTopology(), { kafka })
  const fast = new TopologyTestDriver(ordersTopology(), { kafka })
  kafka.beforeAnswer = async () => {
    for (const member of [...group.members]) group.expel(member)
    await fast.input('orders', orderCodec).pipe('ada', order(1))
  }
  await slow.settle()
  expect(group.offsets.get('orders/0')?.offset).toBe(1)
  // It has joined again, and has its old place in the group.
  await fast.settle()
  await slow.input('orders', orderCodec).pipe('ada', order(2))
  await slow.input('orders', orderCodec).pipe('ada', order(62_000))
  expect(slow.read('order-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([2])
})
