import { expect, test } from 'vitest'
import { orderCodec, ordersTopology, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })
const afterAllMs = 10_000_000

/** Late records of keys that have no window. */
const lateOrders = (keys: number) => Array.from({ length: keys }, (_, at) => [`customer-${at}`, order(1)] as const)

function driverOf(keys: number) {
  const warnings: string[] = []
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_: object, message: string) => void warnings.push(message),
  }
  const driver = new TopologyTestDriver(ordersTopology(), { guarantee: 'at-least-once', logger })
  const orders = driver.input('orders', orderCodec)
  const begin = async () => {
    await orders.pipe('ada', order(afterAllMs))
    await orders.pipeAll(lateOrders(keys))
  }
  /** Late counts of results, by key. */
  const lateOf = () => driver.read('order-totals', totalsCodec).map(({ value }) => [value.customer, value.late])
  return { driver, orders, begin, lateOf, warnings: () => warnings.filter((line) => line.startsWith('late counts')) }
}

test('late records of more keys than a commit has room for stop nothing: their counts are left out, told once', async () => {
  const { driver, orders, begin, lateOf, warnings } = driverOf(600)
  await begin()
  expect(driver.readBytes('order-totals-late')).toHaveLength(600)
  await orders.pipe('customer-7', order(afterAllMs + 1))
  expect(warnings()).toHaveLength(1)
  await orders.pipe('ada', order(2 * afterAllMs))
  expect(lateOf()).toEqual([
    ['ada', 0],
    ['customer-7', 1],
  ])
})

test('an application that left late counts out goes on after a restart, with everything but them', async () => {
  const { driver, orders, begin, lateOf } = driverOf(600)
  await begin()
  await orders.pipe('customer-7', order(afterAllMs + 1))
  driver.kill()
  await orders.pipe('customer-7', order(1))
  await orders.pipe('ada', order(2 * afterAllMs))
  expect(lateOf()).toEqual([
    ['ada', 0],
    ['customer-7', 1],
  ])
  expect(driver.readBytes('order-totals-late')).toHaveLength(601)
})

test('late counts that a commit has room for are known after a restart', async () => {
  const { driver, orders, begin, lateOf, warnings } = driverOf(100)
  await begin()
  driver.kill()
  await orders.pipe('customer-7', order(1))
  await orders.pipe('customer-7', order(afterAllMs + 1))
  await orders.pipe('ada', order(2 * afterAllMs))
  expect(lateOf()).toEqual([
    ['ada', 0],
    ['customer-7', 2],
  ])
  expect(warnings()).toEqual([])
})

test('keys with late records and no window are state, which has a limit', async () => {
  const begin = async (limit: object) => {
    const driver = new TopologyTestDriver(ordersTopology(), limit)
    const orders = driver.input('orders', orderCodec)
    await orders.pipe('ada', order(afterAllMs))
    await orders.pipeAll(lateOrders(10))
    return orders.pipe('one-more', order(1))
  }
  await expect(begin({ maxOpenWindows: 10 })).rejects.toThrow(
    'offset 11: 10 keys of tumbling windows of 60000 ms have late records since their last result, the limit (maxOpenWindows)',
  )
  // The window of ada, late counts of 11, and the clock of the partition.
  await expect(begin({ maxStateEntries: 12 })).rejects.toThrow(
    /^13 entries of state are in memory, the limit \(maxStateEntries\) is 12; most are of .* \(12\)/,
  )
})
