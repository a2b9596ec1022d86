import { jsonCodec, stream, topology, type Topology } from '@tidemark/streams'
import { count, tumbling } from '@tidemark/windowing'
import { describe, expect, test } from 'vitest'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number, amount = 1): Order => ({ amount, placedAtMs })
const numbers = jsonCodec<number>(() => undefined)
const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock: 'key' })
const counts = orders
  .groupByKey()
  .window(tumbling({ sizeMs: 100, graceMs: 0 }))
  .aggregate(count(), { emit: 'on-close' })

function driverOf(topology: Topology) {
  const driver = new TopologyTestDriver(topology)
  const input = driver.input('orders', orderCodec)
  const read = (topic: string) =>
    driver
      .readBytes(topic)
      .map(({ key, value, timestampMs, headers }) =>
        value === null ? `${key} until ${headers['tidemark.watermark_ms']}` : `${key} @${timestampMs}`,
      )
  return { driver, input, read }
}

describe('heartbeats go on to a topic', () => {
  test('with the time that a source has been promised, for those who ask for them', async () => {
    const { input, read } = driverOf(
      orders.filter(({ amount }) => amount > 1).to('large', orderCodec, { heartbeats: true }),
    )
    await input.pipe('ada', order(50, 2))
    await input.pipe('ada', order(90))
    await input.heartbeat('ada', 80)
    await input.heartbeat('bob', 10)
    expect(read('large')).toEqual(['ada @50', 'ada until 80', 'bob until 10'])
    const silent = driverOf(counts.to('counts', numbers))
    await silent.input.heartbeat('ada', 80)
    expect(silent.read('counts')).toEqual([])
  })

  test('behind the results of the windows that they close, also over a crash', async () => {
    const { driver, input, read } = driverOf(counts.to('counts', numbers, { heartbeats: true }))
    await input.pipe('ada', order(50))
    await input.heartbeat('ada', 99)
    driver.kill()
    await input.heartbeat('ada', 100)
    expect(read('counts')).toEqual(['ada until 99', 'ada @99', 'ada until 100'])
  })

  test('no further than what windows before windows have let through', async () => {
    const minutes = counts
      .groupByKey()
      .window(tumbling({ sizeMs: 600, graceMs: 0 }))
      .aggregate(count(), { emit: 'on-close' })
      .to('counts', numbers, { heartbeats: true })
    const { input, read } = driverOf(minutes)
    await input.pipe('ada', order(50))
    await input.heartbeat('ada', 599)
    await input.heartbeat('ada', 600)
    expect(read('counts')).toEqual(['ada until 599', 'ada @599', 'ada until 600'])
  })

  test('no further than the records that are held in sequence', async () => {
    const inOrder = orders.groupByKey().inSequence({
      sequence: ({ amount }) => amount,
      graceMs: 1_000,
      maxHeld: 10,
      firstSequence: 1,
    })
    const { input, read } = driverOf(inOrder.to('ordered', orderCodec, { heartbeats: true }))
    await input.pipeAll([
      ['ada', order(10, 1)],
      ['ada', order(30, 3)],
    ])
    await input.heartbeat('ada', 25)
    await input.heartbeat('ada', 30)
    await input.heartbeat('ada', 40)
    expect(read('ordered')).toEqual(['ada @10', 'ada until 25', 'ada until 30', 'ada @30', 'ada until 40'])
  })

  test('behind the timers that they fire', async () => {
    const reminders = orders.groupByKey().process<undefined, Order>({
      name: 'reminders',
      init: () => undefined,
      onRecord: (_order, context) => context.setTimer(context.timestampMs + 100),
      timers: { graceMs: 0, onTimer: (context) => context.forward(order(context.timestampMs)) },
    })
    const { input, read } = driverOf(reminders.to('reminders', orderCodec, { heartbeats: true }))
    await input.pipe('ada', order(0))
    await input.heartbeat('ada', 99)
    await input.heartbeat('ada', 150)
    expect(read('reminders')).toEqual(['ada until 99', 'ada @100', 'ada until 150'])
  })

  test('once, though they come by several ways', async () => {
    const { large, rest } = orders.branch({ large: ({ amount }) => amount > 1 })
    const { input, read } = driverOf(
      large
        .map((value) => value)
        .merge(rest)
        .to('all', orderCodec, { heartbeats: true }),
    )
    await input.pipe('ada', order(50, 2))
    await input.heartbeat('ada', 60)
    expect(read('all')).toEqual(['ada @50', 'ada until 60'])
  })
})

test('heartbeats are refused on a topic where others write, and are true of several streams that are merged', async () => {
  const hours = orders
    .groupByKey()
    .window(tumbling({ sizeMs: 300, graceMs: 50 }))
    .aggregate(count(), { emit: 'on-close' })
  expect(() => topology(counts.to('counts', numbers, { heartbeats: true }), hours.to('counts', numbers))).toThrow(
    'topic counts gets heartbeats, and records of more than one end',
  )
  const { input, read } = driverOf(counts.merge(hours).to('counts', numbers, { heartbeats: true }))
  await input.pipe('ada', order(50))
  await input.heartbeat('ada', 120)
  await input.pipe('ada', order(350))
  await input.heartbeat('ada', 320)
  expect(read('counts')).toEqual(['ada @99', 'ada until 120', 'ada @299', 'ada until 320'])
})

test('a reader of a topic with heartbeats closes its windows in silence', async () => {
  const { driver, input } = driverOf(counts.to('counts', numbers, { heartbeats: true }))
  await input.pipe('ada', order(50))
  await input.heartbeat('ada', 1_000)
  const sums = stream('counts', numbers, { timestampMs: () => 99, clock: 'key' })
    .groupByKey()
    .window(tumbling({ sizeMs: 1_000, graceMs: 0 }))
    .aggregate({ init: () => 0, add: (sum: number, value) => sum + value, result: (sum) => sum }, { emit: 'on-close' })
    .to('sums', numbers)
  await driver.close()
  const reader = new TopologyTestDriver(sums, { kafka: driver.kafka })
  await reader.settle()
  expect(reader.read('sums', numbers).map(({ value }) => value)).toEqual([1])
})
