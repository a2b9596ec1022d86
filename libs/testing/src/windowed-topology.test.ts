import { jsonCodec, stream, topology } from '@tidemark/streams'
import { ExactSum, tumbling } from '@tidemark/windowing'
import { describe, expect, test } from 'vitest'
import { orderCodec, ordersTopology, totals, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number, amount = 1): Order => ({ amount, placedAtMs })

function driverOf(options: Parameters<typeof ordersTopology>[0] = {}) {
  const driver = new TopologyTestDriver(ordersTopology(options))
  return { driver, orders: driver.input('orders', orderCodec) }
}

describe('a windowed topology', () => {
  test('emits a window once the watermark reaches its end, and not before', async () => {
    const { driver, orders } = driverOf()
    await orders.pipe('ada', order(10, 0.1))
    await orders.pipe('ada', order(59_999, 0.2))
    await orders.pipe('ada', order(61_999))
    expect(driver.read('order-totals', totalsCodec)).toEqual([])
    await orders.pipe('ada', order(62_000))
    expect(driver.read('order-totals', totalsCodec)).toEqual([
      {
        key: 'ada',
        timestampMs: 59_999,
        headers: {},
        value: { customer: 'ada', startMs: 0, orders: 2, amount: 0.1 + 0.2, late: 0 },
      },
    ])
  })

  test('takes a record out of order as long as its window is open', async () => {
    const { driver, orders } = driverOf()
    await orders.pipe('ada', order(61_000))
    await orders.pipe('ada', order(1_000))
    await orders.pipe('ada', order(122_000))
    expect(driver.read('order-totals', totalsCodec).map(({ value }) => [value.startMs, value.orders])).toEqual([
      [0, 1],
      [60_000, 1],
    ])
  })

  test('passes a record whose window ended exactly grace ago on to the late topic, unchanged, and counts it', async () => {
    const { driver, orders } = driverOf()
    await orders.pipe('ada', order(62_000))
    await orders.pipe('ada', order(59_999, 7))
    await orders.pipe('ada', order(122_000))
    expect(driver.read('order-totals-late', orderCodec)).toEqual([
      { key: 'ada', timestampMs: 0, headers: { 'tidemark.late.window': '1m' }, value: order(59_999, 7) },
    ])
    expect(driver.read('order-totals', totalsCodec).map(({ value }) => value.late)).toEqual([1])
  })

  test('with the clock of the partition, one key closes the windows of all, in order of key', async () => {
    const { driver, orders } = driverOf()
    for (const key of ['cyd', 'ada', 'bob']) await orders.pipe(key, order(1_000))
    await orders.pipe('eve', order(62_000))
    expect(driver.read('order-totals', totalsCodec).map(({ key }) => key)).toEqual(['ada', 'bob', 'cyd'])
  })

  test('with a clock per key, a key closes its own windows only', async () => {
    const { driver, orders } = driverOf({ clock: 'key' })
    for (const key of ['ada', 'bob']) await orders.pipe(key, order(1_000))
    await orders.pipe('bob', order(62_000))
    expect(driver.read('order-totals', totalsCodec).map(({ key }) => key)).toEqual(['bob'])
    await orders.pipe('ada', order(2_000))
    expect(driver.read('order-totals-late', orderCodec)).toEqual([])
  })

  test('closes the windows of a silent key at a heartbeat in the log', async () => {
    const { driver, orders } = driverOf({ clock: 'key' })
    await orders.pipe('ada', order(1_000))
    await orders.heartbeat('ada', 59_999)
    expect(driver.read('order-totals', totalsCodec)).toEqual([])
    await orders.heartbeat('ada', 60_000)
    expect(driver.read('order-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([1])
    await orders.pipe('ada', order(59_999))
    expect(driver.read('order-totals-late', orderCodec)).toHaveLength(1)
  })

  test('feeds several windows from one stream', async () => {
    const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    const windowed = (sizeMs: number, topic: string) =>
      orders
        .groupByKey()
        .window(tumbling({ sizeMs, graceMs: 0 }))
        .aggregate(totals, { emit: 'on-close' })
        .to(topic, totalsCodec)
    const driver = new TopologyTestDriver(topology(windowed(10_000, 'by-10s'), windowed(60_000, 'by-1m')))
    const records = [1, 11, 21, 61].map((second) => ['ada', order(second * 1_000)] as const)
    await driver.input('orders', orderCodec).pipeAll(records)
    expect(driver.read('by-10s', totalsCodec).map(({ value }) => value.startMs)).toEqual([0, 10_000, 20_000])
    expect(driver.read('by-1m', totalsCodec).map(({ value }) => value.orders)).toEqual([3])
  })

  test('is refused where its accumulator would not come back as it was, since JSON knows no classes', async () => {
    const { snapshot: _snapshot, restore: _restore, ...unsafe } = totals
    const sums = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
      .groupByKey()
      .window(tumbling({ sizeMs: 100, graceMs: 0 }))
      .aggregate(unsafe, { emit: 'on-close' })
      .to('order-totals', totalsCodec)
    const run = (guarantee: 'exactly-once' | 'at-least-once') =>
      new TopologyTestDriver(sums, { guarantee }).input('orders', orderCodec).pipe('ada', order(10))
    expect(JSON.stringify(new ExactSum())).toBe('{}')
    await expect(run('exactly-once')).rejects.toThrow(
      'windows-tumbling-100ms-grace-0s: a new accumulator has an object of class ExactSum',
    )
    await expect(run('at-least-once')).resolves.toBeUndefined()
  })

  test('stops with an error that names the record when more windows are open than the limit', async () => {
    const driver = new TopologyTestDriver(ordersTopology(), { maxOpenWindows: 2 })
    const orders = driver.input('orders', orderCodec)
    await orders.pipeAll([
      ['ada', order(1)],
      ['bob', order(1)],
    ])
    await expect(orders.pipe('cyd', order(1))).rejects.toThrow(
      'topic orders partition 0 offset 2: 2 tumbling windows of 60000 ms are open, the limit (maxOpenWindows)',
    )
  })
})

describe('a record that is not for processing', () => {
  test('is a dead letter with its original bytes and the reason, where it cannot be decoded', async () => {
    const { driver, orders } = driverOf()
    await orders.pipe('ada', order(1_000))
    await orders.pipeBytes('ada', Buffer.from('{"amount":'), [{ key: 'trace', value: Buffer.from('7') }])
    const [letter, ...others] = driver.readBytes(driver.deadLetterTopic)
    expect(others).toEqual([])
    expect(letter?.value?.toString()).toBe('{"amount":')
    expect(letter?.key).toBe('ada')
    expect(letter?.headers).toMatchObject({
      trace: '7',
      '__streams.errors.topic': 'orders',
      '__streams.errors.partition': '0',
      '__streams.errors.offset': '1',
      'tidemark.dlq.code': 'malformed',
      'tidemark.dlq.attempts': '1',
    })
    expect(letter?.headers['__streams.errors.message']).toMatch(/^topic orders partition 0 offset 1: not JSON/)
  })

  test('counts on from the attempts of an earlier dead letter that was replayed', async () => {
    const { driver, orders } = driverOf()
    await orders.pipeBytes('ada', Buffer.from('?'), [{ key: 'tidemark.dlq.attempts', value: Buffer.from('2') }])
    expect(driver.readBytes(driver.deadLetterTopic).map(({ headers }) => headers['tidemark.dlq.attempts'])).toEqual([
      '3',
    ])
  })

  test.each([
    ['without a key', null, order(1_000), 'missing-key'],
    ['with an event time that is none', 'ada', { amount: 1, placedAtMs: -1 }, 'bad-timestamp'],
    ['of another shape', 'ada', { sum: 1 }, 'invalid'],
  ])('is a dead letter %s', async (_what, key, value, code) => {
    const { driver, orders } = driverOf()
    await orders.pipeBytes(key, Buffer.from(JSON.stringify(value)))
    expect(driver.readBytes(driver.deadLetterTopic).map(({ headers }) => headers['tidemark.dlq.code'])).toEqual([code])
  })

  test('is skipped where it is a tombstone', async () => {
    const { driver, orders } = driverOf()
    await orders.pipeBytes('ada', null)
    expect(driver.readBytes(driver.deadLetterTopic)).toEqual([])
  })
})

test('a new key is where records are written to', async () => {
  const topology = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .selectKey(({ amount }, { key }) => `${key}-${amount}`)
    .to('by-amount', orderCodec)
  const driver = new TopologyTestDriver(topology)
  await driver.input('orders', orderCodec).pipe('ada', order(1, 7))
  expect(driver.read('by-amount', orderCodec).map(({ key }) => key)).toEqual(['ada-7'])
})

test('map, filter and flatMap keep the key, and what filter leaves out still moves time', async () => {
  const numbers = jsonCodec<number>((json) => (typeof json === 'number' ? undefined : 'not a number'))
  const texts = jsonCodec<string>(() => undefined)
  const doubled = stream('numbers', numbers, { timestampMs: (value) => value })
    .filter((value) => value % 2 === 1)
    .map((value) => value * 10)
    .flatMap((value, { key }) => [`${key}${value}`, `${key}${value + 1}`])
    .to('texts', texts)
  const driver = new TopologyTestDriver(doubled)
  await driver.input('numbers', numbers).pipeAll([
    ['a', 1],
    ['a', 2],
    ['b', 3],
  ])
  expect(driver.read('texts', texts).map(({ key, value }) => [key, value])).toEqual([
    ['a', 'a10'],
    ['a', 'a11'],
    ['b', 'b30'],
    ['b', 'b31'],
  ])

  const odd = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .filter(({ amount }) => amount > 0)
    .groupByKey()
    .window(tumbling({ sizeMs: 1_000, graceMs: 0 }))
    .aggregate(totals, { emit: 'on-close' })
    .to('order-totals', totalsCodec)
  const other = new TopologyTestDriver(odd)
  await other.input('orders', orderCodec).pipeAll([
    ['ada', order(10)],
    ['ada', order(1_000, -1)],
  ])
  expect(other.read('order-totals', totalsCodec).map(({ value }) => value.orders)).toEqual([1])
})
