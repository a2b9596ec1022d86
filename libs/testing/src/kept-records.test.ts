import { jsonCodec, stream } from '@tidemark/streams'
import { sliding, tumbling, type Aggregator, type ValueSnapshots } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = jsonCodec<string>(() => undefined)
const order = (placedAtMs: number): Order => ({ amount: 1, placedAtMs })

/** Values, made of orders, in sliding windows that say of what classes they are. */
function slides<V>(make: (order: Order) => V, values?: ValueSnapshots<V>): TopologyTestDriver {
  const classes: Aggregator<V, string, string> = {
    init: () => '',
    add: (so, value) => `${so} ${(value as object).constructor.name}`,
    result: (so) => so,
  }
  const topology = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .map(make)
    .groupByKey()
    .window(sliding({ timeDifferenceMs: 1_000, graceMs: 0 }))
    .aggregate(classes, { emit: 'on-close', ...(values !== undefined && { values }) })
    .to('classes', texts)
  return new TopologyTestDriver(topology)
}

test.each([
  ['a Date', () => new Date(0), 'an object of class Date'],
  ['a bigint', () => ({ id: 1n }), 'a bigint at .id'],
  ['NaN', () => ({ rate: NaN }), 'NaN at .rate'],
])(
  'a record of sliding windows that a changelog would not bring back as it was is refused: %s',
  async (_name, make, what) => {
    const driver = slides<unknown>(make)
    await expect(driver.input('orders', orderCodec).pipe('ada', order(1))).rejects.toThrow(
      `windows-sliding-1s-grace-0s: what is kept of key ada has ${what}, which a changelog can't keep as it is`,
    )
  },
)

test('with values, a record of sliding windows comes back as what it was', async () => {
  const values: ValueSnapshots<Date> = {
    snapshot: (date) => date.getTime(),
    restore: (data) => new Date(data as number),
  }
  const driver = slides(({ placedAtMs }) => new Date(placedAtMs), values)
  const input = driver.input('orders', orderCodec)
  await input.pipe('ada', order(1))
  driver.kill()
  await input.pipe('ada', order(9_000))
  expect(driver.read('classes', texts).map(({ value }) => value)).toEqual([' Date'])
})

test('values of records are for sliding windows alone', () => {
  const minutes = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .groupByKey()
    .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
  const aggregator: Aggregator<Order, number> = { init: () => 0, add: (so) => so + 1, result: (so) => so }
  const values: ValueSnapshots<Order> = { snapshot: (value) => value, restore: (data) => data as Order }
  // @ts-expect-error -- tumbling windows keep none
  minutes.aggregate(aggregator, { emit: 'on-close', values })
})
