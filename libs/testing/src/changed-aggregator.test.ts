import { jsonCodec, RecordCollector, stream, type Topology } from '@tidemark/streams'
import { combine, count, max, quantiles, sliding, sum, tumbling, type Aggregator } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const numbers = jsonCodec<unknown>(() => undefined)
const amountOf = ({ amount }: Order) => amount
const grouped = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs }).groupByKey()
const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })

type AnyAggregator = Aggregator<Order, never, unknown, unknown>

function minutes(aggregator: AnyAggregator, options: { version?: number } = {}): Topology {
  return grouped
    .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
    .aggregate(aggregator, { emit: 'on-close', ...options })
    .to('results', numbers)
}

const quantile = (relativeAccuracy: number) => quantiles({ of: amountOf, at: [0.5], relativeAccuracy })

/** An aggregator as users write them. */
function own<A>(init: () => A, parts: Partial<Aggregator<Order, A, unknown, unknown>> = {}): AnyAggregator {
  return { init, add: (so: A) => so, result: () => null, ...parts } as unknown as AnyAggregator
}

/** Resolves when the second topology has gone on with the window that the first one left open. */
async function goOn(before: Topology, after: Topology): Promise<TopologyTestDriver> {
  const first = new TopologyTestDriver(before)
  await first.input('orders', orderCodec).pipe('ada', order(1))
  await first.close()
  const second = new TopologyTestDriver(after, { kafka: first.kafka })
  await second.settle()
  return second
}

const any = (aggregator: unknown) => aggregator as AnyAggregator

test.each([
  ['count to sum', minutes(any(count())), minutes(any(sum(amountOf)))],
  ['count to max', minutes(any(count())), minutes(any(max(amountOf)))],
  ['a part to another', minutes(any(combine({ n: count() }))), minutes(any(combine({ n: max(amountOf) })))],
  ['bins of another accuracy', minutes(any(quantile(0.01))), minutes(any(quantile(0.02)))],
  ['version 1 to 2', minutes(any(count())), minutes(any(count()), { version: 2 })],
  ['version 2 to none', minutes(any(count()), { version: 2 }), minutes(any(count()))],
  ['another shape', minutes(own(() => ({ n: 0 }))), minutes(own(() => ({ n: 0, names: [] })))],
  ['a snapshot of another shape', minutes(own(() => 0)), minutes(own(() => 0, { snapshot: String, restore: Number }))],
])('windows that were left open are not taken up by another aggregator: %s', async (_name, before, after) => {
  await expect(goOn(before, after)).rejects.toThrow(
    /^state windows-tumbling-1m-grace-0s in .* was made for ".*": change/,
  )
})

test('the error says which aggregator it was', async () => {
  await expect(goOn(minutes(any(count())), minutes(any(max(amountOf))))).rejects.toThrow(
    'was made for "tumbling-1m-grace-0s, folded by count, entries of version 2", the topology now has ' +
      '"tumbling-1m-grace-0s, folded by max, entries of version 2": change it back, or reset the application',
  )
})

let made = 0
test.each([
  ['none', minutes(any(count())), minutes(any(count()))],
  ['another result', minutes(any(count())), minutes(any({ ...count(), result: String }))],
  ['other values of the same shape', minutes(own(() => ({ n: made++ }))), minutes(own(() => ({ n: made++ })))],
  [
    'a shape that its restore is said to read',
    minutes(own(() => 0)),
    minutes(
      own(() => [0]),
      { version: 1 },
    ),
  ],
  ['an aggregator whose snapshot fails for nothing', failing(), failing()],
])('windows that were left open are gone on with where the change is %s', async (_name, before, after) => {
  const driver = await goOn(before, after)
  await driver.input('orders', orderCodec).pipe('ada', order(60_000))
  expect(driver.readBytes('results')).toHaveLength(1)
})

function failing(): Topology {
  const begun = {
    add: () => [1],
    snapshot: ([n]: number[]) => n!.toFixed(),
    restore: (data: unknown) => [Number(data)],
  }
  return minutes(own((): number[] => [], begun))
}

test('sliding windows keep records, which another aggregator may fold', async () => {
  const slides = (aggregator: unknown) =>
    grouped
      .window(sliding({ timeDifferenceMs: 1_000, graceMs: 0 }))
      .aggregate(any(aggregator), { emit: 'on-close' })
      .to('results', numbers)
  const driver = await goOn(slides(count()), slides(max(amountOf)))
  await driver.input('orders', orderCodec).pipe('ada', order(9_000))
  expect(driver.read('results', numbers).map(({ value }) => value)).toEqual([1])
})

test('held records of another version are refused, and named', async () => {
  const inOrder = (options: { version?: number }) =>
    grouped
      .inSequence({ sequence: ({ placedAtMs }) => placedAtMs, graceMs: 1_000, maxHeld: 10, ...options })
      .to('ordered', orderCodec)
  await goOn(inOrder({}), inOrder({ version: 1 }))
  await expect(goOn(inOrder({}), inOrder({ version: 2 }))).rejects.toThrow(
    'state in-sequence in test-driver-in-sequence-changelog was made for "records in sequence", the topology now has ' +
      '"records in sequence, version 2"',
  )
})

test('state from before aggregators were told apart is gone on with, and says from then on what folds it', async () => {
  const kafka = new InMemoryKafka()
  const changelog = 'test-driver-windows-tumbling-1m-grace-0s-changelog'
  kafka.createTopic(changelog)
  const collector = new RecordCollector(kafka.producer())
  await collector.open(changelog)
  const spec = 'tumbling-1m-grace-0s, entries of version 2'
  collector.add({ topic: changelog, key: '\u0000spec', value: spec, codec: numbers, timestampMs: 0 })
  await collector.flush()
  const driver = new TopologyTestDriver(minutes(any(count())), { kafka })
  await driver.input('orders', orderCodec).pipe('ada', order(1))
  await driver.close()
  await expect(new TopologyTestDriver(minutes(any(max(amountOf))), { kafka }).settle()).rejects.toThrow(
    'folded by count',
  )
})
