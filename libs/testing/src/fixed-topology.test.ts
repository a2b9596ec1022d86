import { stream, topology } from '@tidemark/streams'
import { tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { orderCodec, totals, totalsCodec } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const sums = () =>
  stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
    .groupByKey()
    .window(tumbling({ sizeMs: 60_000, graceMs: 0 }))
    .aggregate(totals, { emit: 'on-close', late: 'late' })

/** Pipes one record that comes too late. */
async function pipeLate(driver: TopologyTestDriver): Promise<void> {
  const orders = driver.input('orders', orderCodec)
  for (const placedAtMs of [1, 62_000, 2]) await orders.pipe('ada', { amount: 1, placedAtMs })
}

test('a topology stays as it is, whatever else is made of its windows later', async () => {
  const windowed = sums()
  const first = windowed.to('totals', totalsCodec, { late: 'late-totals' })
  const driver = new TopologyTestDriver(first)
  const before = [first.describe(), first.outputTopics]
  windowed.to('copies', totalsCodec, { late: 'late-copies' })
  expect([first.describe(), first.outputTopics]).toEqual(before)
  await pipeLate(driver)
  expect(['late', 'late-totals'].map((topic) => driver.readBytes(topic).length)).toEqual([1, 1])
})

test('late records go to the late topics of all ends of a topology, once where several name the same', async () => {
  const windowed = sums()
  const both = topology(
    windowed.to('totals', totalsCodec, { late: 'late' }),
    windowed.to('copies', totalsCodec, { late: 'late-copies' }),
  )
  expect(both.describe()).toContain('on-close (late to late, late-copies)')
  const driver = new TopologyTestDriver(both)
  await pipeLate(driver)
  expect(['late', 'late-copies'].map((topic) => driver.readBytes(topic).length)).toEqual([1, 1])
})

test('the ends of a topology are its own', () => {
  const described = sums().to('totals', totalsCodec)
  expect(() => (described.ends as unknown[]).push(...described.ends)).toThrow(TypeError)
})
