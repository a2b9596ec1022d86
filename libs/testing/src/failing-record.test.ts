import { StreamsError, stream, type RecordPlace } from '@tidemark/streams'
import { describe, expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const poison: Order = { amount: -1, placedAtMs: 1 }

function application(options: { kafka: InMemoryKafka; skip?: RecordPlace[]; takesMs?: number; deadlineMs?: number }) {
  const { kafka, skip = [], takesMs, deadlineMs = 1_000 } = options
  const topology = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .map((order) => {
      if (order.amount >= 0) return order
      if (takesMs === undefined) throw new Error('amounts are not negative')
      driver.clock.advance(takesMs)
      return order
    })
    .to('copy', orderCodec)
  const driver = new TopologyTestDriver(topology, { kafka, skip, recordDeadlineMs: deadlineMs })
  return { driver, orders: driver.input('orders', orderCodec) }
}

async function failure(work: Promise<unknown>): Promise<StreamsError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof StreamsError) return error
  throw new Error(`not a StreamsError: ${String(error)}`)
}

const place = { topic: 'orders', partition: 0, offset: 1 }

describe('a record that stops the application', () => {
  test('is named each time, with its place, and stops it again after a restart', async () => {
    const kafka = new InMemoryKafka()
    const { driver, orders } = application({ kafka })
    await orders.pipe('ada', { amount: 1, placedAtMs: 1 })
    for (let attempt = 1; attempt <= 3; attempt++) {
      const { code, message, record } = await failure(attempt === 1 ? orders.pipe('ada', poison) : driver.settle())
      expect([code, record]).toEqual(['record-failed', place])
      expect(message).toBe(
        'topic orders partition 0 offset 1: amounts are not negative; to go on without this record, skip orders/0/1',
      )
      driver.kill()
    }
  })

  test('is skipped where the settings name it: it is a dead letter as it came, and what follows is processed', async () => {
    const kafka = new InMemoryKafka()
    const first = application({ kafka })
    await first.orders.pipe('ada', { amount: 1, placedAtMs: 1 })
    await failure(first.orders.pipe('ada', poison))
    first.driver.kill()
    const { driver, orders } = application({ kafka, skip: [place] })
    await orders.pipe('ada', { amount: 2, placedAtMs: 1 })
    expect(driver.read('copy', orderCodec).map(({ value }) => value.amount)).toEqual([1, 2])
    const [letter, ...others] = driver.readBytes(driver.deadLetterTopic)
    expect(others).toEqual([])
    expect(JSON.parse(String(letter?.value))).toEqual(poison)
    expect(letter?.headers).toMatchObject({
      'tidemark.dlq.code': 'skipped',
      '__streams.errors.topic': 'orders',
      '__streams.errors.partition': '0',
      '__streams.errors.offset': '1',
    })
  })

  test('is one that takes longer than its deadline: nothing of it is committed', async () => {
    const kafka = new InMemoryKafka()
    const { driver, orders } = application({ kafka, takesMs: 1_001 })
    await orders.pipe('ada', { amount: 1, placedAtMs: 1 })
    const { code, message, record } = await failure(orders.pipe('ada', poison))
    expect([code, record]).toEqual(['record-too-slow', place])
    expect(message).toMatch(
      /^topic orders partition 0 offset 1 took 1001 ms, and may take 1000 ms \(recordDeadlineMs\)/,
    )
    expect(driver.read('copy', orderCodec)).toHaveLength(1)
  })

  test('is none that takes as long as it may', async () => {
    const { driver, orders } = application({ kafka: new InMemoryKafka(), takesMs: 1_000 })
    await orders.pipe('ada', poison)
    expect(driver.read('copy', orderCodec)).toHaveLength(1)
  })
})
