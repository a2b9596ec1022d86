import { stream, type ConsumerOptions, type ConsumerPort } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

/** A Kafka that is told of each turn that heartbeats and fetches get. */
class TurnsKafka extends InMemoryKafka {
  onTurn = () => {}

  override consumer(options: ConsumerOptions): ConsumerPort {
    const consumer = super.consumer(options)
    const nextTurn = consumer.nextTurn.bind(consumer)
    consumer.nextTurn = async () => {
      this.onTurn()
      await nextTurn()
    }
    return consumer
  }
}

test('heartbeats and fetches have their turn within a batch, at least each 50 ms and a record', async () => {
  const kafka = new TurnsKafka()
  /** By record: what it has taken since the last turn. */
  const sinceTurnMs: number[] = []
  let lastTurnMs = 0
  const topology = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .map((order) => {
      driver.clock.advance(20)
      sinceTurnMs.push(driver.clock.nowMs() - lastTurnMs)
      return order
    })
    .to('copies', orderCodec)
  const driver = new TopologyTestDriver(topology, { kafka })
  kafka.onTurn = () => void (lastTurnMs = driver.clock.nowMs())
  const orders = driver.input('orders', orderCodec)
  await orders.pipeAll(Array.from({ length: 12 }, (_, amount) => ['ada', { amount, placedAtMs: 1 }] as const))
  expect(kafka.partitions('orders')[0]?.batches).toHaveLength(1)
  expect(sinceTurnMs).toEqual([20, 40, 60, 20, 40, 60, 20, 40, 60, 20, 40, 60])
})
