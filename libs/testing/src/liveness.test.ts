import { RecordCollector, run, stream, type ConsumerOptions, type ConsumerPort, type Topology } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { ManualClock } from './manual-clock.ts'
import { orderCodec, ordersTopology, type Order } from './orders-fixture.ts'
import { SteppedKafka } from './stepped-kafka-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

/** What an orchestrator is told may go on for this long without anything that moves. */
const MAX_SILENCE_MS = 150_000

/** A Kafka whose polls wait until the test lets them go on, and whose group answered the last heartbeat when the test says so. */
class WaitingKafka extends InMemoryKafka {
  heartbeatAgeMs: number | undefined = 0
  readonly polls: (() => void)[] = []

  override consumer(options: ConsumerOptions): ConsumerPort {
    const consumer = super.consumer(options)
    const poll = consumer.poll.bind(consumer)
    consumer.poll = async (maxWaitMs) => {
      await new Promise<void>((resolve) => void this.polls.push(resolve))
      return poll(maxWaitMs)
    }
    consumer.heartbeatAgeMs = () => this.heartbeatAgeMs
    return consumer
  }
}

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function start(topology: Topology, kafka: InMemoryKafka) {
  const clock = new ManualClock()
  const app = run(topology, { applicationId: 'test-driver', kafka, guarantee: 'exactly-once', nowMs: clock.nowMs })
  return { app, clock, live: () => app.health().live }
}

function copying(onRecord: () => void = () => undefined): Topology {
  return stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .map((order: Order) => {
      onRecord()
      return order
    })
    .to('copies', orderCodec)
}

async function stop(app: ReturnType<typeof run>, kafka: WaitingKafka): Promise<void> {
  const stopped = app.stop()
  for (const goOn of kafka.polls.splice(0)) goOn()
  await stopped
}

test('an application is live for as long as its loop turns', async () => {
  const kafka = new WaitingKafka()
  for (const topic of ['orders', 'copies', 'test-driver-dlq']) kafka.createTopic(topic)
  const { app, clock, live } = start(copying(), kafka)
  await turns()
  clock.advance(MAX_SILENCE_MS - 1)
  expect(live()).toBe(true)
  clock.advance(1)
  expect(live()).toBe(false)
  kafka.polls.shift()?.()
  await turns()
  expect(live()).toBe(true)
  await stop(app, kafka)
})

test('an application whose group answers no heartbeats is not live, however its loop turns; one that is in no group yet is', async () => {
  const kafka = new WaitingKafka()
  for (const topic of ['orders', 'copies', 'test-driver-dlq']) kafka.createTopic(topic)
  const { app, live } = start(copying(), kafka)
  await turns()
  kafka.heartbeatAgeMs = MAX_SILENCE_MS - 1
  expect(live()).toBe(true)
  kafka.heartbeatAgeMs = MAX_SILENCE_MS
  expect(live()).toBe(false)
  kafka.heartbeatAgeMs = undefined
  expect(live()).toBe(true)
  await stop(app, kafka)
})

test('a restore that gets on is life, however long it takes; one that does not is none', async () => {
  const kafka = new SteppedKafka()
  const topology = ordersTopology({ sizeMs: 1_000 })
  const driver = new TopologyTestDriver(topology, { kafka })
  const orders = driver.input('orders', orderCodec)
  for (const key of ['ada', 'bob', 'cyd']) await orders.pipe(key, { amount: 1, placedAtMs: 1 })
  driver.kill()
  const { app, clock, live } = start(topology, kafka)
  for (let read = 0; read < 3; read++) {
    await turns()
    expect(kafka.steps).toHaveLength(1)
    clock.advance(MAX_SILENCE_MS - 1)
    expect([live(), app.health().ready]).toEqual([true, false])
    kafka.steps.shift()?.()
  }
  await turns()
  expect([live(), app.health().ready]).toEqual([true, true])
  await app.stop()
  const stuck = start(topology, kafka)
  await turns()
  stuck.clock.advance(MAX_SILENCE_MS)
  expect(stuck.live()).toBe(false)
  const stopped = stuck.app.stop()
  for (let read = 0; read < 3; read++) {
    await turns()
    kafka.steps.shift()?.()
  }
  await stopped
})

test('the records of a batch are life, however long all of them take together', async () => {
  const kafka = new InMemoryKafka()
  for (const topic of ['orders', 'copies', 'test-driver-dlq']) kafka.createTopic(topic)
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  for (let amount = 0; amount < 12; amount++) {
    collector.add({ topic: 'orders', key: 'ada', value: { amount, placedAtMs: 1 }, codec: orderCodec, timestampMs: 0 })
  }
  await collector.flush()
  const seen: boolean[] = []
  const { app, clock, live } = start(
    copying(() => {
      clock.advance(20_000)
      seen.push(live())
    }),
    kafka,
  )
  await turns()
  await app.stop()
  expect(seen).toEqual(Array<boolean>(12).fill(true))
})
