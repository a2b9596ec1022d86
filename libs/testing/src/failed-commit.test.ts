import { RecordCollector, stream, StreamsError, StreamsRuntime, topology } from '@tidemark/streams'
import { describe, expect, test } from 'vitest'
import { FailingKafka } from './failing-kafka.ts'
import { ManualClock } from './manual-clock.ts'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, ordersTopology, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })
const noAnswer = new StreamsError('broker-unavailable', 'the answer was lost', { retriable: true })
const fenced = new StreamsError('fenced', 'the transaction took too long')

describe('a task whose transaction failed', () => {
  test.each([
    ['before it was committed', { error: noAnswer, isCommitted: false }],
    ['after it was committed', { error: noAnswer, isCommitted: true }],
    ['because the broker gave it up', { error: fenced, isCommitted: false }],
  ])('%s goes on from what is committed: nothing is missing, nothing twice', async (_when, failure) => {
    const kafka = new FailingKafka()
    const driver = new TopologyTestDriver(ordersTopology(), { kafka, commit: 'manual' })
    const orders = driver.input('orders', orderCodec)
    await orders.pipeAll([
      ['ada', order(1)],
      ['ada', order(62_000)],
    ])
    kafka.failNext = failure
    await driver.commit()
    driver.clock.advance(3_000)
    // This record is fetched before the task is there again: it must not be processed before those that it has to repeat.
    await orders.pipe('ada', order(63_000))
    await orders.pipe('ada', order(122_000))
    await driver.commit()
    expect(driver.read('order-totals', totalsCodec).map(({ value }) => [value.startMs, value.orders])).toEqual([
      [0, 1],
      [60_000, 2],
    ])
  })
})

test('a task that began at the end of its topic begins there again, not at the beginning, where nothing is committed yet', async () => {
  const kafka = new FailingKafka()
  const before = new TopologyTestDriver(ordersTopology(), { kafka, commit: 'manual' })
  await before.input('orders', orderCodec).pipe('ada', order(1))
  before.kill()
  const driver = new TopologyTestDriver(ordersTopology(), { kafka, commit: 'manual', startAt: 'latest' })
  const orders = driver.input('orders', orderCodec)
  await driver.settle()
  await orders.pipe('ada', order(2))
  kafka.failNext = { error: noAnswer, isCommitted: false }
  await driver.commit()
  await driver.settle()
  await orders.pipe('ada', order(63_000))
  await driver.commit()
  expect(driver.read('order-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([1])
})

describe('of two topics that are read from their ends, the quiet one', () => {
  /** Two quiet topics with something in them, before the application is there. */
  async function started() {
    const kafka = new FailingKafka()
    const copies = topology(
      ...['orders', 'returns'].map((topic) =>
        stream(topic, orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs }).to(`${topic}-copy`, orderCodec),
      ),
    )
    const driver = new TopologyTestDriver(copies, { kafka, commit: 'manual', startAt: 'latest' })
    const append = async (topic: string, placedAtMs: number) => {
      const collector = new RecordCollector(kafka.producer())
      await collector.open(topic)
      collector.add({ topic, key: 'ada', value: order(placedAtMs), codec: orderCodec, timestampMs: 0 })
      await collector.flush()
    }
    for (const topic of ['orders', 'returns']) await append(topic, 1)
    await driver.settle()
    const copied = () =>
      ['orders', 'returns'].map((topic) =>
        driver.read(`${topic}-copy`, orderCodec).map(({ value }) => value.placedAtMs),
      )
    return { kafka, driver, append, copied }
  }

  test('is not read from its beginning after a commit of the other has failed, nor from where its end is by then', async () => {
    const { kafka, driver, append, copied } = await started()
    await driver.input('orders', orderCodec).pipe('ada', order(2))
    kafka.failNext = { error: noAnswer, isCommitted: false }
    await driver.commit()
    await append('returns', 3)
    await driver.settle()
    await driver.commit()
    expect(copied()).toEqual([[2], [3]])
  })

  test('goes on from where it began when the group has divided its partitions anew', async () => {
    const { kafka, driver, append, copied } = await started()
    const group = kafka.group('test-driver')
    await append('returns', 3)
    group.expel(group.members[0]!)
    await driver.settle()
    await driver.commit()
    expect(copied()).toEqual([[], [3]])
  })
})

test('a task that began at the end of its topic and has to start anew before its first commit begins there again', async () => {
  const kafka = new FailingKafka()
  const driver = new TopologyTestDriver(ordersTopology(), { kafka, commit: 'manual', startAt: 'latest' })
  await driver.settle()
  await driver.input('orders', orderCodec).pipe('ada', order(1))
  // Another member has had the task for a moment.
  await kafka.transactionalProducer({ transactionalId: 'test-driver.0.0' }).init()
  const group = kafka.group('test-driver')
  group.expel(group.members[0]!)
  await driver.settle()
  await driver.input('orders', orderCodec).pipe('ada', order(122_000))
  await driver.commit()
  expect(driver.read('order-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([1])
})

test('commits that fail again and again are repeated after longer and longer pauses, then stop the application', async () => {
  const kafka = new FailingKafka()
  const driver = new TopologyTestDriver(ordersTopology(), { kafka, commit: 'manual' })
  const orders = driver.input('orders', orderCodec)
  await orders.pipe('ada', order(1))
  const pauses: number[] = []
  const failing = async () => {
    for (;;) {
      kafka.failNext = { error: noAnswer, isCommitted: false }
      await driver.commit()
      const fromMs = driver.clock.nowMs()
      // Its record comes again when it is started anew.
      const opened = kafka.opened
      while (kafka.opened === opened) {
        await driver.settle()
        if (kafka.opened === opened) driver.clock.advance(10)
      }
      await driver.settle()
      pauses.push(driver.clock.nowMs() - fromMs)
      expect(pauses.length).toBeLessThan(100)
    }
  }
  await expect(failing()).rejects.toMatchObject({
    code: 'retries-exhausted',
    message: '12 commits in a row have failed of partition 0, the last one: the answer was lost',
  })
  expect(pauses).toHaveLength(11)
  expect(pauses[0]).toBe(0)
  expect(pauses[1]).toBeGreaterThanOrEqual(50)
  expect(pauses[10]).toBeGreaterThanOrEqual(2_500)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(5_010)
})

describe('a partition whose task does not run', () => {
  async function running() {
    const kafka = new FailingKafka()
    for (const topic of ['orders', 'order-totals', 'order-totals-late', 'app-dlq']) kafka.createTopic(topic)
    const collector = new RecordCollector(kafka.producer())
    await collector.open('orders')
    collector.add({ topic: 'orders', key: 'ada', value: order(1), codec: orderCodec, timestampMs: 0 })
    await collector.flush()
    const clock = new ManualClock(1_000)
    const runtime = new StreamsRuntime(ordersTopology(), {
      ...{ applicationId: 'app', guarantee: 'exactly-once', commitIntervalMs: Infinity },
      ...{ kafka, nowMs: clock.nowMs },
    })
    await runtime.start()
    await runtime.turn(0)
    return { kafka, clock, runtime }
  }

  test('after a failed commit is in its health all the same: with its lag, the error, and when it goes on', async () => {
    const { kafka, clock, runtime } = await running()
    kafka.failNext = { error: fenced, isCommitted: false }
    await runtime.commit()
    const failing = { commits: 1, code: 'fenced', message: 'the transaction took too long', retryAtMs: 4_000 }
    const place = { topic: 'orders', partition: 0, endOffset: 1 }
    expect(runtime.partitions()).toMatchObject([{ ...place, status: 'suspended', position: 1, committed: 0, failing }])
    expect(runtime.ready).toBe(false)
    clock.advance(3_000)
    await runtime.turn(0)
    expect(runtime.partitions()).toMatchObject([{ ...place, status: 'running', position: 0, failing }])
    await runtime.turn(0)
    kafka.failNext = { error: noAnswer, isCommitted: false }
    await runtime.commit()
    expect(runtime.partitions()).toMatchObject([{ failing: { commits: 2, code: 'broker-unavailable' } }])
    clock.advance(100)
    await runtime.turn(0)
    await runtime.turn(0)
    await runtime.commit()
    expect(runtime.partitions()).toMatchObject([{ status: 'running', committed: 1, failing: undefined }])
  })

  test('since the group divides its partitions anew is in its health as waiting', async () => {
    const { kafka, runtime } = await running()
    const other = kafka.consumer({ groupId: 'app' })
    const nothing = async () => {}
    const group = kafka.group('app')
    group.expel(group.members[0]!)
    other.subscribe(['orders'], { assigned: nothing, revoked: nothing, lost: nothing })
    await other.poll(0)
    await runtime.turn(0)
    expect(runtime.partitions()).toMatchObject([{ topic: 'orders', partition: 0, status: 'waiting', position: 1 }])
    expect(runtime.ready).toBe(false)
  })
})

test.each(['exactly-once', 'at-least-once'] as const)(
  'what comes after a start at the end of a topic is processed, also where a crash comes before its first commit: %s',
  async (guarantee) => {
    const copies = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs }).to(
      'copies',
      orderCodec,
    )
    const kafka = new InMemoryKafka()
    const options = { kafka, guarantee, commit: 'manual', startAt: 'latest' } as const
    const first = new TopologyTestDriver(copies, options)
    await first.settle()
    await first.input('orders', orderCodec).pipe('ada', { amount: 1, placedAtMs: 1 })
    first.kill()
    const second = new TopologyTestDriver(copies, options)
    await second.settle()
    await second.commit()
    expect(second.read('copies', orderCodec)).toHaveLength(1)
  },
)
