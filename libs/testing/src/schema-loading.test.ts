import { jsonCodec, stream, type Codec, type Decoded } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const order = (amount: number): Order => ({ amount, placedAtMs: 1 })

/** Orders behind a byte that names their schema, as a registry's codecs have them: a schema has to be loaded before its first record is read. */
function schemaCodec(load: (schemaId: number) => Promise<boolean>) {
  const loaded = new Set<number>()
  const loads: number[] = []
  const codec: Codec<Order> = {
    decode(bytes, start, end): Decoded<Order> {
      const schemaId = bytes[start] ?? 0
      if (loaded.has(schemaId)) return orderCodec.decode(bytes, start + 1, end)
      return { ok: false, issue: { code: 'unknown-schema', message: `schema ${schemaId} is not known`, schemaId } }
    },
    encode: orderCodec.encode,
    load: async (schemaId) => {
      loads.push(schemaId)
      if (await load(schemaId)) loaded.add(schemaId)
      return loaded.has(schemaId) || schemaId === LOADED_IN_VAIN
    },
  }
  return { codec, loads }
}

/** The registry says that it has this one, and it can't be read with it all the same. */
const LOADED_IN_VAIN = 9

function reading(load: (schemaId: number) => Promise<boolean>) {
  const { codec, loads } = schemaCodec(load)
  const topology = stream('orders', codec, { timestampMs: ({ placedAtMs }) => placedAtMs }).to('copies', orderCodec)
  const driver = new TopologyTestDriver(topology, { recordDeadlineMs: 1_000 })
  const raw = driver.input(
    'orders',
    jsonCodec<never>(() => undefined),
  )
  const pipe = (schemaId: number, amount: number) =>
    raw.pipeBytes('ada', Buffer.concat([Buffer.of(schemaId), Buffer.from(JSON.stringify(order(amount)))]))
  const copies = () => driver.read('copies', orderCodec).map(({ value }) => value.amount)
  const letters = () =>
    driver.readBytes(driver.deadLetterTopic).map(({ value, headers }) => [value?.[0], headers['tidemark.dlq.code']])
  return { driver, loads, pipe, copies, letters }
}

test('a record whose schema is not known yet waits until it is loaded, and is processed: once for all records of the schema', async () => {
  const { pipe, loads, copies, letters } = reading(async () => true)
  for (const [schemaId, amount] of [
    [1, 1],
    [1, 2],
    [2, 3],
    [1, 4],
  ] as const) {
    await pipe(schemaId, amount)
  }
  expect(copies()).toEqual([1, 2, 3, 4])
  expect(loads).toEqual([1, 2])
  expect(letters()).toEqual([])
})

test('a record whose schema is nowhere is a dead letter as it came, and what follows is processed', async () => {
  const { pipe, copies, letters } = reading(async (schemaId) => schemaId === 1)
  await pipe(7, 1)
  await pipe(1, 2)
  expect(letters()).toEqual([[7, 'unknown-schema']])
  expect(copies()).toEqual([2])
})

test('a record that can not be read with the schema that was loaded for it is a dead letter, not loaded for again and again', async () => {
  const { pipe, loads, letters } = reading(async () => false)
  await pipe(LOADED_IN_VAIN, 1)
  expect(letters()).toEqual([[LOADED_IN_VAIN, 'unknown-schema']])
  expect(loads).toEqual([LOADED_IN_VAIN])
})

test('the wait for a schema is no time that the record takes', async () => {
  const { driver, pipe, copies } = reading(async () => {
    driver.clock.advance(10_000)
    return true
  })
  await pipe(1, 1)
  expect(copies()).toEqual([1])
})

test('a registry that can not be asked stops the application, with nothing set aside or committed', async () => {
  const { driver, pipe } = reading(() => Promise.reject(new Error('the registry does not answer')))
  await expect(pipe(1, 1)).rejects.toThrow('the registry does not answer')
  expect(driver.readBytes(driver.deadLetterTopic)).toEqual([])
  expect(driver.kafka.group('test-driver').offsets.size).toBe(0)
})
