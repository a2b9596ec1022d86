import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { ordersTopology } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

test.each([0, -1, 1.5, NaN, Infinity])('no topic has %s partitions', (partitions) => {
  const refusal = `topic orders: partitions is ${partitions}, not a whole number from 1 on`
  expect(() => new InMemoryKafka().createTopic('orders', partitions)).toThrow(new RangeError(refusal))
  expect(() => new TopologyTestDriver(ordersTopology(), { partitions })).toThrow(new RangeError(refusal))
})
