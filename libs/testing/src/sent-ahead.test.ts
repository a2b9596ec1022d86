import {
  RecordCollector,
  StreamsError,
  StreamsRuntime,
  stream,
  topology,
  type RunOptions,
  type Topology,
  type TransactionalProducerOptions,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { ManualClock } from './manual-clock.ts'
import { orderCodec, type Order } from './orders-fixture.ts'

const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
const copies = orders.to('copies', orderCodec)
const order = (amount: number): Order => ({ amount, placedAtMs: 1 })

/** A Kafka that counts what is sent ahead, and can fail it or hold it back. */
class WatchedKafka extends InMemoryKafka {
  sends = 0
  begun = 0
  failNext: StreamsError | undefined
  /** While it is set, what is sent is not acknowledged. */
  gate: Promise<void> | undefined
  closed = 0
  failCommit: StreamsError | undefined
  readonly timeoutsMs: (number | undefined)[] = []
  onCommit = () => {}

  override transactionalProducer(options: TransactionalProducerOptions): TransactionalProducerPort {
    this.timeoutsMs.push(options.transactionTimeoutMs)
    const producer = super.transactionalProducer(options)
    let failure: StreamsError | undefined
    return {
      ...producer,
      begin: () => {
        this.begun++
      },
      send: async (batches) => {
        this.sends++
        failure ??= this.failNext
        this.failNext = undefined
        if (failure !== undefined) throw failure
        await this.gate
        await producer.send(batches)
      },
      commit: async (transaction) => {
        const failed = failure ?? this.failCommit
        this.failCommit = undefined
        if (failed !== undefined) throw failed
        this.onCommit()
        await producer.commit(transaction)
      },
      close: async () => {
        this.closed++
        await producer.close()
      },
    }
  }
}

async function running(app: Topology, given: Partial<RunOptions> = {}, partitions = 1) {
  const kafka = new WatchedKafka()
  for (const topic of ['orders', 'copies', 'app-dlq']) kafka.createTopic(topic, partitions)
  const clock = new ManualClock()
  const options = { applicationId: 'app', kafka, guarantee: 'exactly-once', maxBatchBytes: 1, ...given } as const
  const runtime = new StreamsRuntime(app, { ...options, nowMs: clock.nowMs })
  await runtime.start()
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  const give = async (...amounts: number[]) => {
    for (const amount of amounts) {
      collector.add({ topic: 'orders', key: 'ada', value: order(amount), codec: orderCodec, timestampMs: 0 })
    }
    await collector.flush()
  }
  const written = () =>
    kafka.batchesFrom({ topic: 'copies', partition: 0 }, 0).flatMap((batch) => {
      const amounts: number[] = []
      const cursor = batch.cursor()
      while (cursor.next()) amounts.push((JSON.parse(cursor.value()!.toString()) as Order).amount)
      return amounts
    })
  const giveKeys = async (partition: number, ...keys: string[]) => {
    for (const key of keys) {
      collector.add({ topic: 'orders', partition, key, value: order(1), codec: orderCodec, timestampMs: 0 })
    }
    await collector.flush()
  }
  return { kafka, clock, runtime, give, giveKeys, written }
}

test('full batches leave ahead of their commit, and are seen with it', async () => {
  const { kafka, clock, runtime, give, written } = await running(copies)
  await give(1, 2)
  await runtime.turn(0)
  await give(3)
  await runtime.turn(0)
  expect(kafka.sends).toBe(2)
  expect(written()).toEqual([])
  await new Promise(setImmediate)
  expect(runtime.bufferedBytes).toBe(0)
  clock.advance(100)
  await runtime.turn(0)
  expect(written()).toEqual([1, 2, 3])
})

test('a transaction is begun with the first records after the one before, once, and only where a commit will end it soon', async () => {
  const { kafka, clock, runtime, give, written } = await running(copies)
  await runtime.turn(0)
  expect(kafka.begun).toBe(0)
  for (const amount of [1, 2]) {
    await give(amount)
    await runtime.turn(0)
    expect(kafka.begun).toBe(1)
  }
  clock.advance(100)
  await runtime.turn(0)
  expect(written()).toEqual([1, 2])
  clock.advance(1_000)
  await runtime.turn(0)
  expect(kafka.begun).toBe(1)
  await give(3)
  await runtime.turn(0)
  expect(kafka.begun).toBe(2)
  const rarely = await running(copies, { commitIntervalMs: 60_000 })
  await rarely.give(1)
  await rarely.runtime.turn(0)
  expect(rarely.kafka.begun).toBe(0)
})

test('what does not fill a batch waits for the commit', async () => {
  const { kafka, runtime, give, written } = await running(copies, { maxBatchBytes: 100_000 })
  await give(1, 2)
  await runtime.turn(0)
  expect(kafka.sends).toBe(0)
  await runtime.commit()
  expect(written()).toEqual([1, 2])
})

test('nothing leaves ahead where an external sink is written before the commit: that may take longer than a transaction may', async () => {
  const sink = { name: 'sink', write: () => Promise.resolve() }
  const { kafka, runtime, give, written } = await running(topology(copies, orders.sink(sink)))
  await give(1, 2)
  await runtime.turn(0)
  expect(kafka.sends).toBe(0)
  await runtime.commit()
  expect(written()).toEqual([1, 2])
})

test.each([
  ['is lost', new StreamsError('broker-unavailable', 'the answer was lost', { retriable: true })],
  ['is refused, since the broker gave the transaction up', new StreamsError('fenced', 'it took too long')],
])('after a batch that %s the task starts anew from what is committed', async (_, error) => {
  const { kafka, clock, runtime, give, written } = await running(copies)
  await give(1)
  await runtime.turn(0)
  await runtime.commit()
  kafka.failNext = error
  await give(2)
  await runtime.turn(0)
  await give(3)
  await runtime.turn(0)
  await runtime.commit()
  expect(written()).toEqual([1])
  clock.advance(3_000)
  for (let turn = 0; turn < 3; turn++) await runtime.turn(0)
  await runtime.commit()
  expect(written()).toEqual([1, 2, 3])
})

test('an error that is no accident stops the application at the commit', async () => {
  const { kafka, runtime, give, written } = await running(copies)
  kafka.failNext = new StreamsError('record-too-large', 'larger than the topic takes')
  await give(1)
  await runtime.turn(0)
  await expect(runtime.commit()).rejects.toMatchObject({ code: 'record-too-large' })
  expect(written()).toEqual([])
})

test('outputs on their way count as buffered: with more than their share, the next records wait until some are acknowledged', async () => {
  const maxBufferedBytes = 4_000
  const { kafka, runtime, give, written } = await running(copies, { maxBufferedBytes, commitIntervalMs: Infinity })
  const gate = Promise.withResolvers<void>()
  kafka.gate = gate.promise
  const amounts = Array.from({ length: 30 }, (_, amount) => amount)
  for (const amount of amounts) await give(amount)
  let most = 0
  let ended = false
  const turn = runtime.turn(0).then(() => (ended = true))
  for (let moment = 0; moment < 10; moment++) {
    await new Promise(setImmediate)
    most = Math.max(most, runtime.bufferedBytes)
  }
  expect(ended).toBe(false)
  expect(kafka.sends).toBeLessThan(amounts.length)
  expect(most).toBeGreaterThan(maxBufferedBytes / 4)
  expect(most).toBeLessThanOrEqual(maxBufferedBytes / 2)
  kafka.gate = undefined
  gate.resolve()
  await turn
  await runtime.turn(0)
  expect(written()).toEqual([])
  await runtime.commit()
  expect(written()).toEqual(amounts)
})

test('nothing waits for the answer to what a task had sent that is gone', async () => {
  const limits = { maxBatchBytes: 300, maxBufferedBytes: 1_600, commitIntervalMs: Infinity }
  const { kafka, runtime, giveKeys } = await running(copies, limits, 2)
  kafka.gate = new Promise(() => {})
  await giveKeys(0, 'a'.repeat(300))
  await runtime.turn(0)
  expect(kafka.sends).toBe(1)
  kafka.gate = undefined
  kafka.failCommit = new StreamsError('fenced', 'another one has taken over')
  await runtime.commit()
  expect(kafka.closed).toBe(1)
  // More than a quarter of what may be buffered, over two partitions: no batch is full.
  let commits = 0
  kafka.onCommit = () => commits++
  await giveKeys(1, 'b'.repeat(200), 'c'.repeat(200))
  await runtime.turn(0)
  expect(kafka.sends).toBe(1)
  expect(commits).toBe(1)
})

test('what was sent ahead is committed before the broker would give it up, however long the interval is', async () => {
  const { clock, runtime, give, written } = await running(copies, { commitIntervalMs: Infinity })
  await give(1)
  await runtime.turn(0)
  clock.advance(15_000)
  await runtime.turn(0)
  expect(written()).toEqual([1])
})

test.each([
  ['30 s, as it is', undefined, 60_000],
  ['5 s', 5_000, 35_000],
  ['as long as it likes', Infinity, 900_000],
])(
  'a transaction may be open for as long as it is at most, with a record that takes %s, and its commit',
  async (_for, deadlineMs, timeoutMs) => {
    const { kafka, runtime } = await running(
      copies,
      deadlineMs === undefined ? {} : { recordDeadlineMs: deadlineMs },
      2,
    )
    await runtime.turn(0)
    expect(kafka.timeoutsMs).toEqual([timeoutMs, timeoutMs])
  },
)

test('a task whose transaction the broker has given up has none open while it processes, until one is committed', async () => {
  const { kafka, clock, runtime, give, written } = await running(copies)
  await give(1)
  await runtime.turn(0)
  expect([kafka.begun, kafka.sends]).toEqual([1, 1])
  kafka.failCommit = new StreamsError('fenced', 'the transaction took too long')
  await runtime.commit()
  clock.advance(3_000)
  await runtime.turn(0)
  await runtime.turn(0)
  expect([kafka.begun, kafka.sends, written()]).toEqual([1, 1, []])
  await runtime.commit()
  expect(written()).toEqual([1])
  await give(2)
  await runtime.turn(0)
  expect([kafka.begun, kafka.sends]).toEqual([2, 2])
})

test('what was sent ahead by a member that the group has left out is aborted at once, not when it has its partitions again', async () => {
  const { kafka, runtime, give, written } = await running(copies)
  await give(1)
  await runtime.turn(0)
  const group = kafka.group('app')
  group.expel(group.members[0]!)
  const other = kafka.consumer({ groupId: 'app' })
  const nothing = async () => {}
  other.subscribe(['orders'], { assigned: nothing, revoked: nothing, lost: nothing })
  await other.poll(0)
  await runtime.turn(0)
  expect(runtime.ready).toBe(false)
  expect(kafka.closed).toBe(1)
  await other.close()
  await runtime.turn(0)
  await runtime.turn(0)
  await runtime.commit()
  expect(written()).toEqual([1])
})

test('a commit is due when the interval has passed since the one before began, however long that took', async () => {
  const { kafka, clock, runtime, give, written } = await running(copies)
  kafka.onCommit = () => clock.advance(70)
  for (const amount of [1, 2, 3]) {
    await give(amount)
    clock.advance(amount === 1 ? 100 : 29)
    await runtime.turn(0)
    if (amount === 1) continue
    expect(written()).toHaveLength(amount - 1)
    clock.advance(1)
    await runtime.turn(0)
    expect(written()).toHaveLength(amount)
  }
})
