import { intKeys, jsonCodec, longKeys, stream, table, topology } from '@tidemark/streams'
import { count, tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const numbers = jsonCodec<number>(() => undefined)
const texts = jsonCodec<string>(() => undefined)
const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock: 'key', key: intKeys })
const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })

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
  const driver = new TopologyTestDriver(steps)
  const input = driver.input('orders', orderCodec, intKeys)
  await driver.input('names', texts, intKeys).pipe(-2, 'Ada')
  for (const ms of [10, 20, 110]) {
    await input.pipe(-2, order(ms))
    driver.kill()
  }
  await input.heartbeat(-2, 200)
  const keyAndValue = <K, V>({ key, value }: { key: K; value: V }) => [key, value]
  expect(driver.read('keys', numbers, intKeys).map(keyAndValue)).toEqual(Array(3).fill([-2, -2]))
  expect(driver.readBytes('counts', intKeys).map(({ key, value }) => [key, value?.toString() ?? 'heartbeat'])).toEqual([
    [-2, '"-2: -198"'],
    [-2, '"-2: -197"'],
    [-2, 'heartbeat'],
  ])
  expect(driver.read('named', texts, intKeys).map(keyAndValue)).toEqual(Array(3).fill([-2, '-2 Ada']))
  expect(driver.read('doubled', orderCodec, longKeys).map(keyAndValue)[0]).toEqual([-4n, order(10)])
})

test('a key that is not of its type makes its record a dead letter, and can not be read from an output', async () => {
  const driver = new TopologyTestDriver(orders.to('copies', orderCodec))
  await driver.input('orders', orderCodec).pipe('ada', order(1))
  const [letter] = driver.readBytes(driver.deadLetterTopic)
  expect(letter?.headers['__streams.errors.message']).toBe(
    'topic orders partition 0 offset 0: the key has 3 bytes, an integer has 4',
  )
  await driver.input('orders', orderCodec, intKeys).pipe(7, order(1))
  expect(() => driver.read('copies', orderCodec, longKeys)).toThrow('topic copies: the key has 4 bytes, a long has 8')
})

test('keys of the test kit are of the type that their codec has', async () => {
  const driver = new TopologyTestDriver(orders.to('copies', orderCodec))
  await driver.input('orders', orderCodec, intKeys).pipe(7, order(1))
  const keys: (number | null)[] = driver.read('copies', orderCodec, intKeys).map(({ key }) => key)
  expect(keys).toEqual([7])
  // @ts-expect-error -- keys are text without a codec
  const texts: (number | null)[] = driver.read('copies', orderCodec).map(({ key }) => key)
  expect(texts).toEqual([])
})

test('long keys are those of Java', () => {
  const bytes = longKeys.encode(-3n)
  expect(bytes.toString('hex')).toBe('fffffffffffffffd')
  expect(longKeys.decode(bytes, 0, 8)).toEqual({ ok: true, value: -3n })
})

test.each([
  ['text', undefined, undefined, 'a key without a codec is text, got undefined undefined'],
  ['text', undefined, null, 'a key without a codec is text, got object null'],
  ['text', undefined, 5, 'a key without a codec is text, got number 5'],
  ['an integer', intKeys, 1.5, 'a key of intKeys is a whole number of 32 bits, got number 1.5'],
  ['an integer', intKeys, NaN, 'a key of intKeys is a whole number of 32 bits, got number NaN'],
  ['an integer', intKeys, 2 ** 31, 'a key of intKeys is a whole number of 32 bits, got number 2147483648'],
  ['an integer', intKeys, '7', 'a key of intKeys is a whole number of 32 bits, got string 7'],
  ['a long', longKeys, 5, 'a key of longKeys is a bigint of 64 bits, got number 5'],
  ['a long', longKeys, 2n ** 63n, 'a key of longKeys is a bigint of 64 bits, got bigint 9223372036854775808'],
])('a new key that should be %s (%o) and is %s stops at its record', async (_, keys, key, message) => {
  const rekeyed = orders.selectKey(() => key as never, keys as never)
  const driver = new TopologyTestDriver(rekeyed.to('rekeyed', orderCodec))
  await expect(driver.input('orders', orderCodec, intKeys).pipe(7, order(1))).rejects.toThrow(
    `topic orders partition 0 offset 0: selectKey: ${message}`,
  )
})
