import { stream, StreamsError, topology, type ExternalSink } from '@tidemark/streams'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FailingKafka } from './failing-kafka.ts'
import { orderCodec, ordersTopology, totalsCodec, type Order } from './orders-fixture.ts'
import { outputsOf, type Step } from './stateful-steps-fixture.ts'
import { TopologyTestDriver, type OutputRecord } from './topology-test-driver.ts'

const key = fc.constantFrom('ada', 'bob', 'cyd')
const order = fc.record({ amount: fc.double({ min: 0, max: 1e6, noNaN: true }), placedAtMs: fc.nat(30_000) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('order' as const), key, order }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const), key, watermarkMs: fc.nat(30_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
)

const stepsOf: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 60 })

/** Besides, records that can't be read, and commits that fail (none does where it is not said how): the task starts anew, and what it had done is done again where it was not committed. */
type Trouble =
  Step | { readonly kind: 'bad'; readonly key: string } | { readonly kind: 'fail'; readonly isCommitted?: boolean }
const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  { weight: 9, arbitrary: step },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('bad' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), isCommitted: fc.boolean() }) },
)
const troublesOf: fc.Arbitrary<Trouble[]> = fc.array(trouble, { maxLength: 60 })
const stepsWithBad = troublesOf.map((steps) => steps.filter(({ kind }) => kind !== 'fail'))
const noAnswer = new StreamsError('broker-unavailable', 'the answer was lost', { retriable: true })
/** More in a row than an application puts up with are another test's matter. */
const MAX_FAILURES = 8
/** As long as a task waits at most before it starts anew. */
const MAX_PAUSE_MS = 5_000

interface Mode {
  readonly clock: 'partition' | 'key'
  readonly guarantee: 'at-least-once' | 'exactly-once'
  readonly maxBatchBytes?: number
}

/** Each result fills a batch, and so leaves before its commit; or none does. */
const sending = fc.constantFrom({ maxBatchBytes: 1 }, {})

async function runSteps(steps: readonly Trouble[], { clock, ...mode }: Mode) {
  const topologyOfTest = ordersTopology({ clock, sizeMs: 5_000, graceMs: 2_000 })
  const kafka = new FailingKafka()
  const driver = new TopologyTestDriver(topologyOfTest, { ...mode, kafka, commit: 'manual' })
  const orders = driver.input('orders', orderCodec)
  const bad: string[] = []
  let failures = 0
  for (const next of steps) {
    if (next.kind === 'order') await orders.pipe(next.key, next.order)
    else if (next.kind === 'heartbeat') await orders.heartbeat(next.key, next.watermarkMs)
    else if (next.kind === 'bad') await orders.pipeBytes(next.key, Buffer.from(badText(bad)))
    else if (next.kind === 'commit') await driver.commit()
    else if (next.kind === 'kill') driver.kill()
    else {
      if (next.isCommitted !== undefined && ++failures <= MAX_FAILURES) {
        kafka.failNext = { error: noAnswer, isCommitted: next.isCommitted }
        await driver.commit()
        kafka.failNext = undefined
      }
      driver.clock.advance(MAX_PAUSE_MS)
      await driver.settle()
    }
  }
  await driver.settle()
  await driver.commit()
  const letters = driver
    .readBytes(driver.deadLetterTopic)
    .map(({ key, value, headers }) => [key, value?.toString(), headers['__streams.errors.offset']])
  return {
    results: { finals: driver.read('order-totals', totalsCodec), late: driver.read('order-totals-late', orderCodec) },
    letters,
    bad,
  }
}

/** No two are equal, and none is an order. */
function badText(soFar: string[]): string {
  soFar.push(`bad ${soFar.length}`)
  return soFar.at(-1) ?? ''
}

const distinct = (records: readonly OutputRecord<unknown>[]) =>
  [...new Set(records.map((record) => JSON.stringify(record)))].sort()

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)
/** The same input, and nothing that goes wrong. */
const undisturbed = (happening: readonly Step[]) =>
  happening.filter(({ kind }) => kind === 'order' || kind === 'heartbeat')
/** Processing time passes all the same, which records have as their timestamps. */
const untroubled = (happening: readonly Trouble[]) =>
  happening.flatMap((step): Trouble[] => {
    if (step.kind === 'fail') return [{ kind: 'fail' }]
    return step.kind === 'commit' || step.kind === 'kill' ? [] : [step]
  })

describe('after any kills and commits', () => {
  test.each(['partition', 'key'] as const)(
    'at least once: results may repeat, equal; none is missing (clock %s)',
    async (clock) => {
      await fc.assert(
        fc.asyncProperty(stepsWithBad, async (steps) => {
          const { results: disturbed, letters, bad } = await runSteps(steps, { clock, guarantee: 'at-least-once' })
          const { results: calm } = await runSteps(untroubled(steps), { clock, guarantee: 'at-least-once' })
          expect([...new Set(letters.map(([, value]) => value))].sort()).toEqual([...bad].sort())
          expect(distinct(disturbed.finals)).toEqual(distinct(calm.finals))
          expect(distinct(disturbed.late)).toEqual(distinct(calm.late))
          const windows = new Set(disturbed.finals.map(({ key, value }) => `${key} ${value.startMs}`))
          expect(windows.size).toBe(distinct(disturbed.finals).length)
        }),
        { numRuns },
      )
    },
  )

  test.each(['partition', 'key'] as const)(
    'exactly once: every result, every late record and every dead letter is there once, whatever commits fail (clock %s)',
    async (clock) => {
      await fc.assert(
        fc.asyncProperty(troublesOf, sending, async (steps, ahead) => {
          const disturbed = await runSteps(steps, { clock, guarantee: 'exactly-once', ...ahead })
          const calm = await runSteps(untroubled(steps), { clock, guarantee: 'exactly-once' })
          expect(disturbed).toEqual(calm)
          expect(disturbed.letters.map(([, value]) => value)).toEqual(disturbed.bad)
        }),
        { numRuns },
      )
    },
  )
})

describe('steps of every kind, exactly once and after any kills and commits', () => {
  test.each(['partition', 'key'] as const)(
    'every result, timer, late record and heartbeat of every step is there once, in order (clock %s)',
    async (clock) => {
      await fc.assert(
        fc.asyncProperty(stepsOf, sending, async (steps, ahead) => {
          expect(await outputsOf(steps, clock, ahead)).toEqual(await outputsOf(undisturbed(steps), clock))
        }),
        { numRuns },
      )
    },
  )

  test.each(['partition', 'key'] as const)(
    'no result comes behind a heartbeat that has promised it (clock %s)',
    async (clock) => {
      await fc.assert(
        fc.asyncProperty(stepsOf, async (steps) => {
          // As a source promises it: no record below a heartbeat of its key, or, with one clock for all, of any.
          const promised = new Map<string, number>()
          const honest = steps.filter((step) => {
            if (step.kind !== 'order' && step.kind !== 'heartbeat') return true
            const name = clock === 'key' ? step.key : ''
            const soFar = promised.get(name) ?? 0
            if (step.kind === 'order') return step.order.placedAtMs >= soFar
            promised.set(name, Math.max(soFar, step.watermarkMs))
            return true
          })
          for (const [topic, records] of Object.entries(await outputsOf(honest, clock))) {
            // A record that is behind its source's time may be the next of its sequence, and is passed on.
            if (topic === 'triples') continue
            const told = new Map<string | null, number>()
            for (const { key, value, timestampMs } of records) {
              if (value === null) told.set(key, Math.max(told.get(key) ?? 0, timestampMs))
              else expect(timestampMs).toBeGreaterThanOrEqual(told.get(key) ?? 0)
            }
          }
        }),
        { numRuns },
      )
    },
  )
})

test('a commit points at the oldest record of any open window, and says up to where all is done', async () => {
  const driver = new TopologyTestDriver(ordersTopology(), { commit: 'manual', guarantee: 'at-least-once' })
  const orders = driver.input('orders', orderCodec)
  await orders.pipeAll([
    ['ada', { amount: 1, placedAtMs: 1_000 }],
    ['ada', { amount: 1, placedAtMs: 61_000 }],
    ['ada', { amount: 1, placedAtMs: 62_000 }],
    ['ada', { amount: 1, placedAtMs: 63_000 }],
  ])
  await driver.commit()
  const committed = driver.kafka.group('test-driver').offsets.get('orders/0')
  expect(committed?.offset).toBe(1)
  expect(JSON.parse(committed?.metadata ?? '')).toMatchObject({ v: 1, p: 4 })
})

describe('an external sink', () => {
  const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
  const one: readonly (readonly [string, Order])[] = [['ada', { amount: 5, placedAtMs: 1 }]]

  test('has acknowledged a record before its offset is committed', async () => {
    const committedAtWrite: unknown[] = []
    const written: unknown[] = []
    const sink: ExternalSink<Order> = {
      name: 'ledger',
      write: async (records) => {
        committedAtWrite.push(driver.kafka.group('test-driver').offsets.get('orders/0')?.offset)
        written.push(...records)
      },
    }
    const driver = new TopologyTestDriver(orders.sink(sink))
    await driver.input('orders', orderCodec).pipeAll(one)
    expect(written).toEqual([{ key: 'ada', value: { amount: 5, placedAtMs: 1 }, timestampMs: 1 }])
    expect(committedAtWrite).toEqual([undefined])
    expect(driver.kafka.group('test-driver').offsets.get('orders/0')?.offset).toBe(1)
  })

  test('that rejects stops the application, named, with nothing committed', async () => {
    const sink: ExternalSink<Order> = { name: 'ledger', write: () => Promise.reject(new Error('disk full')) }
    const driver = new TopologyTestDriver(topology(orders.sink(sink), orders.to('copy', orderCodec)))
    await expect(driver.input('orders', orderCodec).pipeAll(one)).rejects.toThrow('sink ledger: disk full')
    expect(driver.kafka.group('test-driver').offsets.size).toBe(0)
  })
})
