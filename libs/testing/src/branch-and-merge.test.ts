import { jsonCodec, stream, topology } from '@tidemark/streams'
import { count, tumbling } from '@tidemark/windowing'
import { describe, expect, test } from 'vitest'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (placedAtMs: number, amount = 1): Order => ({ amount, placedAtMs })
const numbers = jsonCodec<number>(() => undefined)
const timestampMs = ({ placedAtMs }: Order) => placedAtMs
const orders = stream('orders', orderCodec, { timestampMs })
const returns = stream('returns', orderCodec, { timestampMs })
const minutes = tumbling({ sizeMs: 100, graceMs: 10 })

test('each record goes to the first branch that takes it, or to the rest', async () => {
  const { huge, large, rest } = orders.branch({
    huge: ({ amount }) => amount >= 100,
    large: ({ amount }) => amount >= 10,
  })
  const amounts = (of: typeof rest, topic: string) => of.map(({ amount }) => amount).to(topic, numbers)
  const driver = new TopologyTestDriver(topology(amounts(huge, 'huge'), amounts(large, 'large'), amounts(rest, 'rest')))
  await driver.input('orders', orderCodec).pipeAll([1, 10, 100, 11].map((amount) => ['ada', order(1, amount)] as const))
  const read = ['huge', 'large', 'rest'].map((topic) => driver.read(topic, numbers).map(({ value }) => value))
  expect(read).toEqual([[100], [10, 11], [1]])
})

test('a record of one branch moves the time of the others', async () => {
  const { large, rest } = orders.branch({ large: ({ amount }) => amount >= 10 })
  const counts = (of: typeof rest, topic: string) =>
    of.groupByKey().window(minutes).aggregate(count(), { emit: 'on-close' }).to(topic, numbers)
  const driver = new TopologyTestDriver(topology(counts(large, 'large'), counts(rest, 'rest')))
  await driver.input('orders', orderCodec).pipeAll([
    ['ada', order(1, 10)],
    ['ada', order(110, 1)],
  ])
  expect(driver.read('large', numbers).map(({ value }) => value)).toEqual([1])
})

test('branches can be put together again, with nothing lost, doubled or late', async () => {
  const { large, rest } = orders.branch({ large: ({ amount }) => amount >= 10 })
  const all = large
    .filter(({ amount }) => amount !== 13)
    .merge(rest.map((value) => value))
    .groupByKey()
    .window(minutes)
    .aggregate(count(), { emit: 'on-close' })
    .to('counts', numbers)
  const driver = new TopologyTestDriver(all, { guarantee: 'at-least-once' })
  const input = driver.input('orders', orderCodec)
  await input.pipeAll([1, 10, 13, 2].map((amount) => ['ada', order(50, amount)] as const))
  await input.pipe('ada', order(110, 13))
  expect(driver.read('counts', numbers).map(({ value }) => value)).toEqual([3])
})

test('a branch whose name is a number is refused: it would be asked before the others', () => {
  expect(() => orders.branch({ large: () => true, 2: () => true })).toThrow('branch: the name 2 is a number')
})

test('an async predicate stops at its record: it would let all through', async () => {
  const isLarge = (() => Promise.reject(new Error('too late'))) as unknown as () => boolean
  const ends = [orders.filter(isLarge), orders.branch({ large: isLarge }).large]
  for (const [at, name] of ['filter', 'branch large'].entries()) {
    const driver = new TopologyTestDriver(ends[at]!.to('all', orderCodec))
    await expect(driver.input('orders', orderCodec).pipe('ada', order(1))).rejects.toThrow(
      `${name}: its predicate is async; steps are synchronous`,
    )
  }
})

test('outlets of one branch that are merged directly have each record once, also where one of them is used besides', async () => {
  const { large, rest } = orders.branch({ large: ({ amount }) => amount >= 10 })
  const amounts = (of: typeof rest, topic: string) => of.map(({ amount }) => amount).to(topic, numbers)
  for (const ends of [[], [amounts(large, 'large')], [amounts(rest, 'rest')]]) {
    const driver = new TopologyTestDriver(topology(large.merge(rest).to('all', orderCodec), ...ends))
    await driver.input('orders', orderCodec).pipeAll([1, 10].map((amount) => ['ada', order(1, amount)] as const))
    expect(driver.read('all', orderCodec).map(({ value }) => value.amount)).toEqual([1, 10])
  }
})

describe('a merge of two sources', () => {
  const counts = orders
    .filter(({ amount }) => amount > 0)
    .merge(returns)
    .groupByKey()
    .window(minutes)
    .aggregate(count(), { emit: 'on-close', late: 'late' })
    .to('counts', numbers, { heartbeats: true })

  test('goes by the time of the one that is behind, each with the grace of the window', async () => {
    const driver = new TopologyTestDriver(counts)
    const ordered = driver.input('orders', orderCodec)
    const returned = driver.input('returns', orderCodec)
    await ordered.pipeAll([
      ['ada', order(1)],
      ['ada', order(500)],
    ])
    await returned.pipeAll([
      ['ada', order(99)],
      ['ada', order(109)],
    ])
    expect(driver.read('counts', numbers)).toEqual([])
    driver.kill()
    await returned.pipe('ada', order(110))
    expect(driver.readBytes('counts').map(({ value }) => String(value))).toEqual(['2'])
    // A record that is left out moves time as any other.
    await ordered.pipe('ada', order(800, 0))
    await returned.heartbeat('ada', 200)
    expect(driver.readBytes('counts').map(({ value, headers }) => [String(value), Object.values(headers)])).toEqual([
      ['2', []],
      ['null', ['200']],
    ])
    expect(driver.read('late', orderCodec)).toEqual([])
  })

  test('does not wait for heartbeats where the other source has records, nor for records where it has heartbeats', async () => {
    const driver = new TopologyTestDriver(counts)
    await driver.input('orders', orderCodec).pipeAll([
      ['ada', order(1)],
      ['ada', order(110)],
    ])
    await driver.input('returns', orderCodec).heartbeat('ada', 100)
    expect(driver.readBytes('counts').map(({ value }) => String(value))[0]).toBe('1')
  })

  test('is refused at least once with windows behind it, and without it for streams that would never agree on time', async () => {
    const driver = new TopologyTestDriver(counts, { guarantee: 'at-least-once' })
    await expect(driver.settle()).rejects.toThrow('windows behind windows, or behind several sources')
    const perKey = stream('returns', orderCodec, { timestampMs, clock: 'key' })
    expect(() => orders.merge(perKey)).toThrow('merge: source orders has a clock per partition, source returns per key')
    expect(() => orders.merge(orders)).toThrow('a stream is merged with itself')
  })

  test('without steps that look at the time runs with any guarantee', async () => {
    const driver = new TopologyTestDriver(orders.merge(returns).to('all', orderCodec), { guarantee: 'at-least-once' })
    await driver.input('orders', orderCodec).pipe('ada', order(1))
    await driver.input('returns', orderCodec).pipe('ada', order(2))
    expect(driver.read('all', orderCodec).map(({ value }) => value.placedAtMs)).toEqual([1, 2])
  })
})
