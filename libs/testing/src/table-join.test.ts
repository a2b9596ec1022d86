import { jsonCodec, RecordCollector, stream, table, type Codec } from '@tidemark/streams'
import { count, tumbling } from '@tidemark/windowing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver, type TestDriverOptions } from './topology-test-driver.ts'

const names = jsonCodec<string>((json) => (typeof json === 'string' ? undefined : 'not a name'))
const texts = jsonCodec<string>(() => undefined)
const numbers = jsonCodec<number>(() => undefined)
const order = (amount: number, placedAtMs = 1): Order => ({ amount, placedAtMs })
const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock: 'key' })
const customers = table('customers', names)

const joined = orders.join(customers, ({ amount }, name) => `${name} ${amount}`).to('joined', texts)
const leftJoined = orders.leftJoin(customers, ({ amount }, name) => `${name ?? 'nobody'} ${amount}`).to('joined', texts)

function driverOf(topology = joined, options: TestDriverOptions = {}) {
  const driver = new TopologyTestDriver(topology, options)
  const read = () => driver.read('joined', texts).map(({ value }) => value)
  return { driver, ordered: driver.input('orders', orderCodec), named: driver.input('customers', names), read }
}

describe.each(['at-least-once', 'exactly-once'] as const)('a join with a table, %s,', (guarantee) => {
  test('gives each record what the table has for its key, and leaves out what it has nothing for', async () => {
    const { ordered, named, read } = driverOf(joined, { guarantee })
    await named.pipe('a', 'Ada')
    await ordered.pipeAll([
      ['a', order(1)],
      ['b', order(2)],
    ])
    await named.pipe('a', 'Ada L.')
    await ordered.pipe('a', order(3))
    await named.pipeBytes('a', null)
    await ordered.pipe('a', order(4))
    expect(read()).toEqual(['Ada 1', 'Ada L. 3'])
  })

  test('keeps all records as a left join', async () => {
    const { ordered, named, read } = driverOf(leftJoined, { guarantee })
    await named.pipe('a', 'Ada')
    await ordered.pipeAll([
      ['a', order(1)],
      ['b', order(2)],
    ])
    expect(read()).toEqual(['Ada 1', 'nobody 2'])
  })

  test('has the whole table before the first record, at the first start and after a crash', async () => {
    const kafka = new InMemoryKafka()
    const first = driverOf(joined, { guarantee, kafka })
    const outside = new RecordCollector(kafka.producer())
    const write = async (values: readonly (readonly [key: string, value: Order | string])[]) => {
      for (const [key, value] of values) {
        const [topic, codec] = typeof value === 'string' ? ['customers', names] : ['orders', orderCodec]
        await outside.open(topic)
        outside.add({ topic, key, value, codec: codec as Codec<unknown>, timestampMs: 0 })
      }
      await outside.flush()
    }
    await write([
      ['a', order(1)],
      ['a', 'Ada'],
      ['b', 'Bob'],
    ])
    await first.driver.settle()
    expect(first.read()).toEqual(['Ada 1'])
    first.driver.kill()
    await write([
      ['b', order(2)],
      ['b', 'Bobby'],
    ])
    await first.driver.settle()
    expect(first.read()).toEqual(['Bobby 2'])
  })

  test('sets a bad record of the table aside, once', async () => {
    const { driver, ordered, named, read } = driverOf(joined, { guarantee })
    await named.pipeBytes('a', Buffer.from('7'))
    await named.pipe('a', 'Ada')
    driver.kill()
    await ordered.pipe('a', order(1))
    driver.kill()
    await ordered.pipe('a', order(2))
    expect(read()).toEqual(['Ada 1', 'Ada 2'])
    const letters = driver.readBytes(driver.deadLetterTopic)
    expect(letters.map(({ headers }) => headers['__streams.errors.message'])).toEqual([
      'topic customers partition 0 offset 0: not a name',
    ])
  })
})

test('windows behind a join go by the time of the stream alone, what has no match included', async () => {
  const counts = orders
    .join(customers, ({ amount }) => amount)
    .groupByKey()
    .window(tumbling({ sizeMs: 100, graceMs: 0 }))
    .aggregate(count(), { emit: 'on-close' })
    .to('counts', numbers, { heartbeats: true })
  const driver = new TopologyTestDriver(counts)
  const named = driver.input('customers', names)
  const ordered = driver.input('orders', orderCodec)
  await named.pipe('a', 'Ada')
  await ordered.pipe('a', order(1, 50))
  await named.pipeBytes('a', null)
  await ordered.pipe('a', order(2, 100))
  await ordered.heartbeat('a', 200)
  expect(driver.readBytes('counts').map(({ value, timestampMs }) => [String(value), timestampMs])).toEqual([
    ['1', 99],
    ['null', 200],
  ])
})

test('a table has a limit of its keys', async () => {
  const small = orders.join(table('customers', names, { maxKeys: 1 }), () => '').to('joined', texts)
  const { named } = driverOf(small)
  await named.pipe('a', 'Ada')
  await named.pipe('a', 'Ada L.')
  await expect(named.pipe('b', 'Bob')).rejects.toThrow('table-customers has 1 keys, the limit (maxKeys)')
})

test('a table with another partition count than the stream is refused at the start', async () => {
  const kafka = new InMemoryKafka()
  kafka.createTopic('customers', 2)
  const { driver } = driverOf(joined, { kafka })
  await expect(driver.settle()).rejects.toThrow(
    'topics orders and customers are read together but have 1 and 2 partitions: give them the same number',
  )
})

test('a topology with a join describes both of its sides', () => {
  expect(joined.describe()).toBe(
    [
      'source orders',
      '  join customers [1]',
      '    to joined',
      'table customers',
      '  entries: join customers [1, above]',
    ].join('\n'),
  )
})

test('after any kills and commits every record is joined once, with no older entry than it could see, and never going back', async () => {
  const step = fc.constantFrom('name', 'order', 'order', 'commit', 'kill')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { driver, ordered, named, read } = driverOf(leftJoined, { commit: 'manual' })
      let version = 0
      const oldest: number[] = []
      for (const kind of steps) {
        if (kind === 'name') await named.pipe('a', String(++version))
        else if (kind === 'order') await ordered.pipe('a', order(oldest.push(version)))
        else if (kind === 'commit') await driver.commit()
        else driver.kill()
      }
      await driver.settle()
      await driver.commit()
      const seen = read().map((text) => text.replace('nobody', '0').split(' ').map(Number))
      expect(seen.map(([, number]) => number)).toEqual(oldest.map((_version, at) => at + 1))
      let last = 0
      for (const [at, [entry = -1]] of seen.entries()) {
        expect(entry).toBeGreaterThanOrEqual(Math.max(last, oldest[at] ?? 0))
        last = entry
      }
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300) },
  )
})
