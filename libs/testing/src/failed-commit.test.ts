import { StreamsError, type TransactionalProducerOptions, type TransactionalProducerPort } from '@tidemark/streams'
import { describe, expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, ordersTopology, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

/** A Kafka whose next transaction fails, after it was committed or before. */
class FailingKafka extends InMemoryKafka {
  failNext: { readonly error: StreamsError; readonly isCommitted: boolean } | undefined

  override transactionalProducer(options: TransactionalProducerOptions): TransactionalProducerPort {
    const producer = super.transactionalProducer(options)
    return {
      ...producer,
      commit: async (transaction) => {
        const failure = this.failNext
        this.failNext = undefined
        if (failure === undefined || failure.isCommitted) await producer.commit(transaction)
        if (failure !== undefined) throw failure.error
      },
    }
  }
}

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
