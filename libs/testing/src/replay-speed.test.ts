import { jsonCodec, RecordCollector, stream, topology, WATERMARK_HEADER, type Topology } from '@tidemark/streams'
import {
  collect,
  countWindows,
  hopping,
  session,
  sliding,
  tumbling,
  volumeWindows,
  type Collected,
} from '@tidemark/windowing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, type Order } from './orders-fixture.ts'
import { statefulSteps } from './stateful-steps-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

type Clock = 'partition' | 'key'
/** Each run is two applications: fewer than of other properties, unless it is said how many. */
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 100)

const sequence = ({ placedAtMs }: Order) => placedAtMs
const amount = (order: Order) => order.amount
const graceMs = 2_000
const kinds = {
  tumbling: tumbling({ sizeMs: 5_000, graceMs }),
  hopping: hopping({ sizeMs: 4_000, advanceMs: 1_000, graceMs }),
  sliding: sliding({ timeDifferenceMs: 1_000, graceMs }),
  session: session({ gapMs: 700, graceMs }),
  count: countWindows({ size: 3, sequence }),
  volume: volumeWindows({
    size: 100,
    amountOf: amount,
    sequence,
    split: (order, part) => ({ ...order, amount: part }),
  }),
}

/** Windows of every kind, each kind with topics of its own for finals, heartbeats and late records. */
function everyKind(clock: Clock): Topology {
  const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock }).groupByKey()
  const amounts = collect({ sequence, select: amount, limit: 1_000 })
  const codec = jsonCodec<Collected<number>>(() => undefined)
  return topology(
    ...Object.entries(kinds).map(([kind, windows]) =>
      orders
        .window(windows)
        .aggregate(amounts, { emit: 'on-close', late: `${kind}-late` })
        .to(kind, codec, { heartbeats: true }),
    ),
  )
}

type Logged = { readonly key: string; readonly order: Order } | { readonly key: string; readonly watermarkMs: number }

/** How a log is gone through: so many records are there at once; then some time passes, and perhaps a commit comes. */
type Pace = readonly { readonly records: number; readonly isCommitted: boolean; readonly pauseMs: number }[]

/** All that comes out of a log, topic by topic, partition by partition. */
async function replayed(described: Topology, log: readonly Logged[], pace: Pace) {
  const kafka = new InMemoryKafka()
  const driver = new TopologyTestDriver(described, { kafka, partitions: 2, commit: 'manual' })
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  let next = 0
  for (let round = 0; next < log.length; round++) {
    const { records, isCommitted, pauseMs } = pace[round % pace.length]!
    for (const one of log.slice(next, next + records)) {
      const to = { topic: 'orders', key: one.key, timestampMs: 0 }
      if ('order' in one) collector.add({ ...to, value: one.order, codec: orderCodec })
      else {
        const headers = [{ key: WATERMARK_HEADER, value: Buffer.from(String(one.watermarkMs)) }]
        collector.addBytes({ ...to, key: Buffer.from(one.key), value: null, headers })
      }
    }
    next += records
    await collector.flush()
    await driver.settle()
    driver.clock.advance(pauseMs)
    if (isCommitted) await driver.commit()
  }
  await driver.commit()
  const read = (topic: string) =>
    driver.readBytes(topic).map(({ value, ...record }) => ({ ...record, value: value?.toString() ?? null }))
  return Object.fromEntries(described.outputTopics.map((topic) => [topic, read(topic)]))
}

const key = fc.constantFrom('ada', 'bob', 'cyd', 'dan')
const logged: fc.Arbitrary<Logged> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      key,
      order: fc.record({ amount: fc.double({ min: 1, max: 90, noNaN: true }), placedAtMs: fc.nat(20_000) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ key, watermarkMs: fc.nat(20_000) }) },
)
const paces: fc.Arbitrary<Pace> = fc.array(
  fc.record({ records: fc.integer({ min: 1, max: 9 }), isCommitted: fc.boolean(), pauseMs: fc.nat(100_000) }),
  { minLength: 1, maxLength: 8 },
)
const atOnce: Pace = [{ records: Infinity, isCommitted: true, pauseMs: 0 }]

const topologies = [
  ['windows of every kind', everyKind],
  ['timers, sequences and windows behind windows', statefulSteps],
] as const

test.each(
  topologies.flatMap(([what, of]) => (['partition', 'key'] as const).map((clock) => [what, clock, of] as const)),
)('a replay at any speed gives the same finals and the same late records: %s (clock %s)', async (_, clock, of) => {
  let outputs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(logged, { maxLength: 60 }), paces, async (log, pace) => {
      const expected = await replayed(of(clock), log, atOnce)
      expect(await replayed(of(clock), log, pace)).toEqual(expected)
      outputs += Object.values(expected).flat().length
    }),
    { numRuns },
  )
  expect(outputs).toBeGreaterThan(numRuns)
})
