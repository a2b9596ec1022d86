import { StreamsError } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { FailingKafka } from './failing-kafka.ts'
import { orderCodec, ordersTopology, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })
const noAnswer = new StreamsError('broker-unavailable', 'the answer was lost', { retriable: true })
const fenced = new StreamsError('fenced', 'the transaction took too long')

function started() {
  const kafka = new FailingKafka()
  const driver = new TopologyTestDriver(ordersTopology(), { kafka })
  const orders = driver.input('orders', orderCodec)
  const totals = () => driver.read('order-totals', totalsCodec).map(({ value }) => [value.startMs, value.orders])
  return { kafka, driver, orders, totals }
}

test.each([true, false])(
  'what a task has to repeat that starts anew at once is processed when pipe returns (committed: %s)',
  async (isCommitted) => {
    const { kafka, orders, totals } = started()
    await orders.pipe('ada', order(1))
    kafka.failNext = { error: noAnswer, isCommitted }
    await orders.pipe('ada', order(62_000))
    expect(totals()).toEqual([[0, 1]])
  },
)

test('what was piped while a task was suspended is processed by the settle that starts it anew, and no settle before waits for it', async () => {
  const { kafka, driver, orders, totals } = started()
  kafka.failNext = { error: fenced, isCommitted: false }
  await orders.pipe('ada', order(1))
  await orders.pipe('ada', order(2))
  await orders.pipe('ada', order(62_000))
  await driver.settle()
  expect(totals()).toEqual([])
  driver.clock.advance(3_000)
  await driver.settle()
  expect(totals()).toEqual([[0, 2]])
})
