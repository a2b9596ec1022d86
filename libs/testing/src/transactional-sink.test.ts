import { stream, StreamsError, topology, type ExternalSink, type RunOptions, type Topology } from '@tidemark/streams'
import { tumbling } from '@tidemark/windowing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, totals, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

/** A database in which a row and how far its partition is are written in one transaction. */
class Ledger {
  readonly rows: string[] = []
  readonly offsets = new Map<string, number>()
  /** The next write ends so: the process is gone before the transaction, or after it and before anybody has heard of it. */
  crash: 'before' | 'after' | undefined

  sink<V>(rowOf: (key: string, value: V) => string): ExternalSink<V> {
    return {
      name: 'ledger',
      loadOffsets: async (partitions) =>
        partitions.flatMap((partition) => {
          const offset = this.offsets.get(nameOf(partition))
          return offset === undefined ? [] : [{ ...partition, offset }]
        }),
      write: async (records, progress) => {
        const { crash } = this
        this.crash = undefined
        if (crash === 'before') throw new Error('killed')
        for (const { fromOffset, ...partition } of progress) {
          if (this.offsets.get(nameOf(partition)) === fromOffset) continue
          throw new StreamsError('fenced', `ledger: ${nameOf(partition)} was written by another instance`)
        }
        for (const { toOffset, ...partition } of progress) this.offsets.set(nameOf(partition), toOffset)
        for (const { key, value } of records) this.rows.push(rowOf(key, value))
        if (crash === 'after') throw new Error('killed')
      },
    }
  }
}

const nameOf = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`
const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock: 'key' })
const windows = orders
  .groupByKey()
  .window(tumbling({ sizeMs: 5_000, graceMs: 1_000 }))
  .aggregate(totals, { emit: 'on-close' })

const topologies: Record<string, (ledger: Ledger) => Topology> = {
  'records as they come': (ledger) => topology(orders.sink(ledger.sink((key, order) => `${key} ${order.placedAtMs}`))),
  'records, and a copy in a topic': (ledger) =>
    topology(orders.to('copy', orderCodec), orders.sink(ledger.sink((key, order) => `${key} ${order.placedAtMs}`))),
  'results of windows': (ledger) =>
    topology(windows.sink(ledger.sink((key, { startMs, orders: count }) => `${key} ${startMs} ${count}`))),
  'results of windows, and in a topic': (ledger) =>
    topology(
      windows.to('order-totals', totalsCodec, { late: 'order-totals-late' }),
      windows.sink(ledger.sink((key, { startMs, orders: count }) => `${key} ${startMs} ${count}`)),
    ),
}

type Step =
  | { readonly kind: 'order'; readonly key: string; readonly order: Order }
  | { readonly kind: 'commit' | 'kill' }
  | { readonly kind: 'crash'; readonly when: 'before' | 'after' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      key: fc.constantFrom('ada', 'bob', 'cyd'),
      order: fc.record({ amount: fc.nat(100), placedAtMs: fc.nat(30_000) }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'kill' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
)

interface Case {
  readonly build: (ledger: Ledger) => Topology
  readonly guarantee: RunOptions['guarantee']
}

async function rowsAfter(steps: readonly Step[], { build, guarantee }: Case): Promise<string[]> {
  const ledger = new Ledger()
  const kafka = new InMemoryKafka()
  const driver = new TopologyTestDriver(build(ledger), { kafka, guarantee, partitions: 2, commit: 'manual' })
  const input = driver.input('orders', orderCodec)
  const commit = async () => {
    try {
      await driver.commit()
    } catch (error) {
      expect(String(error)).toContain('killed')
      driver.kill()
    }
  }
  for (const next of steps) {
    if (next.kind === 'order') await input.pipe(next.key, next.order)
    else if (next.kind === 'kill') driver.kill()
    else {
      if (next.kind === 'crash') ledger.crash = next.when
      await commit()
    }
  }
  ledger.crash = undefined
  await driver.settle()
  await driver.commit()
  return ledger.rows.sort()
}

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 150)
const guarantees: readonly RunOptions['guarantee'][] = ['exactly-once', 'at-least-once']

describe.each(Object.entries(topologies))('a sink that holds its offsets gets %s', (_what, build) => {
  test.each(guarantees)('once, wherever the application is killed (%s)', async (guarantee) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const calm = steps.filter(({ kind }) => kind === 'order')
        expect(await rowsAfter(steps, { build, guarantee })).toEqual(await rowsAfter(calm, { build, guarantee }))
      }),
      { numRuns },
    )
  })
})

describe('of several sources, a sink that holds its offsets', () => {
  const refunds = stream('refunds', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock: 'key' })
  const rowOf = (key: string, { amount, placedAtMs }: Order) => `${key} ${amount} ${placedAtMs}`

  test('gets the records of each once, whichever comes first after a crash', async () => {
    const ledger = new Ledger()
    const merged = orders.merge(refunds).sink(ledger.sink(rowOf))
    const driver = new TopologyTestDriver(merged, { commit: 'manual' })
    const [first, second] = [driver.input('orders', orderCodec), driver.input('refunds', orderCodec)]
    await first.pipe('ada', { amount: 1, placedAtMs: 1 })
    await second.pipe('ada', { amount: -1, placedAtMs: 2 })
    await driver.commit()
    await second.pipe('ada', { amount: -2, placedAtMs: 3 })
    ledger.crash = 'after'
    await expect(driver.commit()).rejects.toThrow('killed')
    driver.kill()
    await first.pipe('ada', { amount: 2, placedAtMs: 4 })
    await driver.commit()
    expect(ledger.rows).toEqual(['ada 1 1', 'ada -1 2', 'ada -2 3', 'ada 2 4'])
  })

  test('is told of updates of one source whatever has come of the other', async () => {
    const ledger = new Ledger()
    const counts = orders
      .groupByKey()
      .window(tumbling({ sizeMs: 5_000, graceMs: 0 }))
      .aggregate(totals, { emit: 'on-update' })
    const driver = new TopologyTestDriver(
      topology(counts.sink(ledger.sink((key, { orders: count }) => `${key} ${count}`)), refunds.to('copy', orderCodec)),
      { commit: 'manual' },
    )
    const [first, second] = [driver.input('orders', orderCodec), driver.input('refunds', orderCodec)]
    for (const placedAtMs of [1, 2, 3]) await second.pipe('ada', { amount: 1, placedAtMs })
    ledger.crash = 'after'
    await expect(driver.commit()).rejects.toThrow('killed')
    driver.kill()
    // The sink has the refunds, which are read again, behind an order that it does not have.
    await first.pipe('ada', { amount: 1, placedAtMs: 1 })
    await driver.commit()
    expect(ledger.rows).toEqual(['ada 1'])
  })

  test('is refused behind state of them together, since a result may come of another record after a crash', () => {
    const both = orders
      .merge(refunds)
      .groupByKey()
      .process<number, Order>({ name: 'sums', init: () => 0, onRecord: () => undefined })
    expect(() => both.map((order) => order).sink(new Ledger().sink(rowOf))).toThrow(
      'sink ledger holds its offsets, but is behind process sums, which sees orders, refunds together',
    )
    expect(() => both.sink({ name: 'idempotent', write: async () => undefined })).not.toThrow()
  })
})

test('an instance that another one has written for is refused by the sink, and goes on from where that one was', async () => {
  const ledger = new Ledger()
  const build = topologies['records as they come'] as (ledger: Ledger) => Topology
  const driver = new TopologyTestDriver(build(ledger), { commit: 'manual' })
  const input = driver.input('orders', orderCodec)
  for (const placedAtMs of [1, 2, 3]) await input.pipe('ada', { amount: 1, placedAtMs })
  // Another instance has the first two.
  ledger.rows.push('ada 1', 'ada 2')
  ledger.offsets.set('orders/0', 2)
  await driver.commit()
  expect(ledger.rows).toHaveLength(2)
  driver.clock.advance(3_000)
  await driver.settle()
  await input.pipe('ada', { amount: 1, placedAtMs: 4 })
  await driver.commit()
  expect(ledger.rows).toEqual(['ada 1', 'ada 2', 'ada 3', 'ada 4'])
})

test('a sink that has less than the application has committed goes back, where nothing else hears of the records', async () => {
  const ledger = new Ledger()
  const build = topologies['records as they come'] as (ledger: Ledger) => Topology
  const driver = new TopologyTestDriver(build(ledger))
  const input = driver.input('orders', orderCodec)
  for (const placedAtMs of [1, 2, 3]) await input.pipe('ada', { amount: 1, placedAtMs })
  driver.kill()
  ledger.rows.pop()
  ledger.offsets.set('orders/0', 2)
  await driver.settle()
  expect(ledger.rows).toEqual(['ada 1', 'ada 2', 'ada 3'])
})

test('a sink that has less than the application has committed is an error where there is state', async () => {
  const ledger = new Ledger()
  const build = topologies['results of windows'] as (ledger: Ledger) => Topology
  const driver = new TopologyTestDriver(build(ledger))
  const input = driver.input('orders', orderCodec)
  for (const placedAtMs of [1, 9_000]) await input.pipe('ada', { amount: 1, placedAtMs })
  driver.kill()
  ledger.offsets.set('orders/0', 1)
  await expect(driver.settle()).rejects.toThrow(
    'sink ledger has topic orders partition 0 up to offset 1, the application has committed 2',
  )
})
