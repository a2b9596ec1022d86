import type { LogReaderPort, RunOptions } from '@tidemark/streams'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, ordersTopology, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver, type OutputRecord, type TestDriverOptions } from './topology-test-driver.ts'

type Guarantee = RunOptions['guarantee']
const guarantees: readonly Guarantee[] = ['exactly-once', 'at-least-once']
const PARTITIONS = 4
const groupId = 'test-driver'

/** A Kafka that tells how many changelogs were read. */
class WatchedKafka extends InMemoryKafka {
  restored: string[] = []

  override logReader(): LogReaderPort {
    const reader = super.logReader()
    return {
      ...reader,
      read: (partition, fromOffset, toOffset) => {
        this.restored.push(`${partition.topic}/${partition.partition}`)
        return reader.read(partition, fromOffset, toOffset)
      },
    }
  }
}

/** An application of one member or two, whose members take turns. */
class Members {
  readonly kafka = new WatchedKafka()
  readonly #drivers: [TopologyTestDriver, TopologyTestDriver]
  #second = false

  constructor(guarantee: Guarantee, given: Pick<TestDriverOptions, 'maxBatchBytes'> = {}) {
    const { kafka } = this
    const topology = ordersTopology({ clock: 'key', sizeMs: 5_000, graceMs: 2_000 })
    const driver = () =>
      new TopologyTestDriver(topology, { ...given, kafka, guarantee, partitions: PARTITIONS, commit: 'manual' })
    this.#drivers = [driver(), driver()]
  }

  get running(): TopologyTestDriver[] {
    return this.#second ? this.#drivers : [this.#drivers[0]]
  }

  async settle(): Promise<void> {
    // Partitions are given up in one turn of a member, taken in the next one of the other, and read after that.
    for (let round = 0; round < 3; round++) for (const driver of this.running) await driver.settle()
  }

  async pipe(key: string, order: Order): Promise<void> {
    await this.#drivers[0].input('orders', orderCodec).pipe(key, order)
    await this.settle()
  }

  async commit(): Promise<void> {
    for (const driver of this.running) await driver.commit()
  }

  async join(): Promise<void> {
    this.#second = true
    await this.settle()
  }

  async leave(): Promise<void> {
    await this.#drivers[1].close()
    this.#second = false
    await this.settle()
  }

  /** A member loses its partitions without a last commit; `others` may take them before it is back. */
  async expel(index: number, others: boolean): Promise<void> {
    const group = this.kafka.group(groupId)
    const member = group.members[index % group.members.length]
    if (member === undefined) return
    group.expel(member)
    if (others && this.#second) for (const driver of this.running.toReversed()) await driver.settle()
    await this.settle()
  }

  results(): OutputRecord<unknown>[] {
    const [driver] = this.#drivers
    return [...driver.read('order-totals', totalsCodec), ...driver.read('order-totals-late', orderCodec)]
  }
}

const keys = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay', 'gus', 'hal']

async function filled(guarantee: Guarantee): Promise<Members> {
  const members = new Members(guarantee)
  for (const key of keys) await members.pipe(key, { amount: 1, placedAtMs: 1_000 })
  return members
}

async function closeWindows(members: Members): Promise<[string | null, unknown][]> {
  for (const key of keys) await members.pipe(key, { amount: 1, placedAtMs: 20_000 })
  await members.commit()
  return members.results().map(({ key, value }) => [key, (value as { orders: number }).orders])
}

const once = keys.map((key) => [key, 1])

describe.each(guarantees)('when the group divides its partitions anew, %s,', (guarantee) => {
  test('a task that stays keeps its state: nothing is read back for it', async () => {
    const members = await filled(guarantee)
    members.kafka.restored = []
    await members.join()
    const restored = new Set(members.kafka.restored.map((name) => name.split('/')[1]))
    expect([...restored].sort()).toEqual(guarantee === 'exactly-once' ? ['1', '3'] : [])
    members.kafka.restored = []
    await members.leave()
    expect(new Set(members.kafka.restored.map((name) => name.split('/')[1]))).toEqual(restored)
    expect((await closeWindows(members)).sort()).toEqual(once)
  })

  test('a member that was left out goes on with what it has not committed, where nobody else has written', async () => {
    const members = await filled(guarantee)
    members.kafka.restored = []
    await members.expel(0, false)
    expect(members.kafka.restored).toEqual([])
    expect((await closeWindows(members)).sort()).toEqual(once)
  })
})

test('a member that was left out starts anew where it had sent results ahead: they are gone, and are written again', async () => {
  const members = new Members('exactly-once', { maxBatchBytes: 1 })
  for (const key of keys) await members.pipe(key, { amount: 1, placedAtMs: 1_000 })
  await members.commit()
  for (const key of keys) await members.pipe(key, { amount: 1, placedAtMs: 20_000 })
  await members.expel(0, false)
  await members.commit()
  const orders = members.results().map(({ key, value }) => [key, (value as { orders: number }).orders])
  expect(orders.sort()).toEqual(once)
})

test('a task is restored where another member has written for it while this one was left out', async () => {
  const members = await filled('exactly-once')
  await members.join()
  for (const key of keys) await members.pipe(key, { amount: 1, placedAtMs: 20_000 })
  members.kafka.restored = []
  // What the first member has closed but not committed, the other one closes too, and commits.
  await members.expel(0, true)
  expect(new Set(members.kafka.restored.map((name) => name.split('/')[1]))).toEqual(new Set(['0', '2']))
  await members.commit()
  expect(
    members
      .results()
      .map(({ key, value }) => [key, (value as { orders: number }).orders])
      .sort(),
  ).toEqual(once)
})

const key = fc.constantFrom('ada', 'bob', 'cyd')
const order = fc.record({ amount: fc.nat(1_000), placedAtMs: fc.nat(30_000) })
type Step =
  | { readonly kind: 'order'; readonly key: string; readonly order: Order }
  | { readonly kind: 'commit' | 'join' | 'leave' }
  | { readonly kind: 'expel'; readonly index: number; readonly others: boolean }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('order' as const), key, order }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'join' as const, 'leave' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('expel' as const), index: fc.nat(1), others: fc.boolean() }),
  },
)

/** Each result fills a batch, and so leaves before its commit; or none does. */
const sending = fc.constantFrom({ maxBatchBytes: 1 }, {})

async function runSteps(
  guarantee: Guarantee,
  steps: readonly Step[],
  given: Pick<TestDriverOptions, 'maxBatchBytes'> = {},
): Promise<string[]> {
  const members = new Members(guarantee, given)
  await members.settle()
  await members.join()
  for (const next of steps) {
    if (next.kind === 'order') await members.pipe(next.key, next.order)
    else if (next.kind === 'expel') await members.expel(next.index, next.others)
    else await members[next.kind]()
  }
  await members.settle()
  await members.commit()
  return members.results().map((record) => JSON.stringify(record))
}

const calm = (steps: readonly Step[]) => steps.filter(({ kind }) => kind === 'order')
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 200)

describe('after members have come, gone and been left out at any time', () => {
  test('exactly once: every result is there once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), sending, async (steps, ahead) => {
        expect((await runSteps('exactly-once', steps, ahead)).sort()).toEqual(
          (await runSteps('exactly-once', calm(steps))).sort(),
        )
      }),
      { numRuns },
    )
  })

  test('at least once: results may repeat, equal; none is missing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
        const disturbed = new Set(await runSteps('at-least-once', steps))
        expect([...disturbed].sort()).toEqual((await runSteps('at-least-once', calm(steps))).sort())
      }),
      { numRuns },
    )
  })
})
