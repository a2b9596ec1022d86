import { RecordCollector, stream, topology, type RecordBatch, type TopicPartition } from '@tidemark/streams'
import { tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, totals, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })
const minutesOf = (topic: string) =>
  stream(topic, orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .groupByKey()
    .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
    .aggregate(totals, { emit: 'on-close' })
    .to(`${topic}-totals`, totalsCodec)
/** Two sources, each with windows of its own. */
const both = () => topology(minutesOf('orders'), minutesOf('returns'))

/** Shows records of `returns` below an offset only, as if their broker were slow. */
class SlowReturns extends InMemoryKafka {
  shownTo = Infinity

  override batchFrom(partition: TopicPartition, fromOffset: number): RecordBatch | undefined {
    if (partition.topic === 'returns' && fromOffset >= this.shownTo) return undefined
    return super.batchFrom(partition, fromOffset)
  }
}

const RETURNS = 4

/** Two orders and some returns, a batch each, are in windows that are open. Then one more order comes, which nobody takes up yet. */
async function ranAtLeastOnce(): Promise<SlowReturns> {
  const kafka = new SlowReturns()
  const driver = new TopologyTestDriver(both(), { kafka, guarantee: 'at-least-once' })
  await driver.input('orders', orderCodec).pipeAll([1, 2].map((ms) => ['ada', order(ms)] as const))
  for (let ms = 1; ms <= RETURNS; ms++) await driver.input('returns', orderCodec).pipe('ada', order(ms))
  await driver.close()
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  collector.add({ topic: 'orders', key: 'ada', value: order(3), codec: orderCodec, timestampMs: 0 })
  await collector.flush()
  return kafka
}

test.each([0, 1, 2, 3, RETURNS])(
  'from at least once to exactly once, killed when one source and %i records of the other have been read again: each counts once',
  async (shownTo) => {
    const kafka = await ranAtLeastOnce()
    kafka.shownTo = shownTo
    const first = new TopologyTestDriver(both(), { kafka })
    await first.settle()
    // Nothing is committed before all state is back.
    expect(kafka.group('test-driver').offsets.get('orders/0')?.offset).toBe(shownTo < RETURNS ? 0 : 3)
    first.kill()
    kafka.shownTo = Infinity
    const second = new TopologyTestDriver(both(), { kafka })
    for (const topic of ['orders', 'returns']) await second.input(topic, orderCodec).pipe('ada', order(60_000))
    const counted = ['orders', 'returns'].map((topic) =>
      second.read(`${topic}-totals`, totalsCodec).map((total) => total.value.orders),
    )
    expect(counted).toEqual([[3], [RETURNS]])
  },
)
