import { intKeys, jsonCodec, longKeys, RecordCollector, stream, table, topology, type Header } from '@tidemark/streams'
import { count, tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const numbers = jsonCodec<number>(() => undefined)
const texts = jsonCodec<string>(() => undefined)
const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock: 'key', key: intKeys })
const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })

/** Keys as bytes, which `TestInput` has no way to say. */
function driverOf(of: ConstructorParameters<typeof TopologyTestDriver>[0]) {
  const driver = new TopologyTestDriver(of)
  const collector = new RecordCollector(driver.kafka.producer())
  const pipe = async (topic: string, key: Buffer, { json, headers = [] }: { json?: unknown; headers?: Header[] }) => {
    await collector.open(topic)
    const value = json === undefined ? null : Buffer.from(JSON.stringify(json))
    collector.addBytes({ topic, key, value, timestampMs: 0, headers })
    await collector.flush()
    await driver.settle()
  }
  /** Keys as they stand in the log. */
  const read = (topic: string) =>
    driver.kafka.partitions(topic).flatMap((_log, partition) =>
      driver.kafka.batchesFrom({ topic, partition }, 0).flatMap((batch) => {
        const cursor = batch.cursor()
        const found: string[] = []
        while (cursor.next())
          found.push(`${cursor.key()?.toString('hex')} ${cursor.value()?.toString() ?? 'heartbeat'}`)
        return found
      }),
    )
  return { driver, pipe, read }
}

test('keys that are not text are values at each step, and the same bytes in the end, also over a crash', async () => {
  const steps = topology(
    orders.map((_order, { key }) => key).to('keys', numbers),
    orders
      .groupByKey()
      .window(tumbling({ sizeMs: 100, graceMs: 0 }))
      .aggregate(count(), { emit: 'on-close' })
      .groupByKey()
      .process<number, string>({
        name: 'counts',
        init: (key) => key * 100,
        onRecord: (value, context) => context.forward(`${context.key}: ${(context.state += value)}`),
      })
      .to('counts', texts, { heartbeats: true }),
    orders
      .leftJoin(table('names', texts, { key: intKeys }), (_order, name, { key }) => `${key} ${name}`)
      .to('named', texts),
    orders.selectKey((_order, { key }) => BigInt(key) * 2n, longKeys).to('doubled', orderCodec),
  )
  const { driver, pipe, read } = driverOf(steps)
  await pipe('names', intKeys.encode(-2), { json: 'Ada' })
  for (const ms of [10, 20, 110]) {
    await pipe('orders', intKeys.encode(-2), { json: order(ms) })
    driver.kill()
  }
  const headers = [{ key: 'tidemark.watermark_ms', value: Buffer.from('200') }]
  await pipe('orders', intKeys.encode(-2), { headers })
  expect(read('keys')).toEqual(Array(3).fill('fffffffe -2'))
  expect(read('counts')).toEqual(['fffffffe "-2: -198"', 'fffffffe "-2: -197"', 'fffffffe heartbeat'])
  expect(read('named')).toEqual(Array(3).fill('fffffffe "-2 Ada"'))
  expect(read('doubled')[0]).toBe(`fffffffffffffffc ${JSON.stringify(order(10))}`)
})

test('a key that is not of its type makes its record a dead letter', async () => {
  const { driver, pipe } = driverOf(orders.to('copies', orderCodec))
  await pipe('orders', Buffer.from('ada'), { json: order(1) })
  const [letter] = driver.readBytes(driver.deadLetterTopic)
  expect(letter?.headers['__streams.errors.message']).toBe(
    'topic orders partition 0 offset 0: the key has 3 bytes, an integer has 4',
  )
})

test('long keys are those of Java', () => {
  const bytes = longKeys.encode(-3n)
  expect(bytes.toString('hex')).toBe('fffffffffffffffd')
  expect(longKeys.decode(bytes, 0, 8)).toEqual({ ok: true, value: -3n })
})
