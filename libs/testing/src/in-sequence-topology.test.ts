import { jsonCodec, stream, topology } from '@tidemark/streams'
import { collect, count, countWindows, tumbling, type SequenceRange } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

interface Trade {
  readonly id: number
  readonly timeMs: number
  readonly isLate?: boolean
}
const tradeCodec = jsonCodec<Trade>(() => undefined)
const numbers = jsonCodec<number>(() => undefined)
const texts = jsonCodec<string>(() => undefined)
const ranges = jsonCodec<SequenceRange>(() => undefined)
const sequence = ({ id }: Trade) => id
const trade = (id: number, timeMs = id * 10): Trade => ({ id, timeMs })

const inOrder = stream('trades', tradeCodec, { timestampMs: ({ timeMs }) => timeMs, clock: 'key' })
  .groupByKey()
  .inSequence({ sequence, graceMs: 50, maxHeld: 3, firstSequence: 1 })

test('records come in order, whatever the arrival, also over crashes', async () => {
  const bars = inOrder
    .groupByKey()
    .window(countWindows({ size: 3, sequence }))
    .aggregate(collect({ sequence, select: sequence, limit: 3 }), { emit: 'on-close' })
    .map(({ values }) => values.join())
    .to('bars', texts)
  const driver = new TopologyTestDriver(bars)
  const input = driver.input('trades', tradeCodec)
  for (const id of [1, 4, 3, 2, 6, 5]) {
    await input.pipe('BTC', trade(id))
    driver.kill()
  }
  await driver.settle()
  expect(driver.read('bars', texts).map(({ value }) => value)).toEqual(['1,2,3', '4,5,6'])
})

test('what is wrong with the sequence leaves through side streams: ranges that are missing, duplicates, late ones', async () => {
  const all = topology(
    inOrder.map(sequence).to('passed', numbers),
    inOrder.missing.to('missing', ranges),
    inOrder.duplicates.map(sequence).to('duplicates', numbers),
    inOrder.late.to('late', tradeCodec),
  )
  const driver = new TopologyTestDriver(all)
  const input = driver.input('trades', tradeCodec)
  for (const id of [1, 4, 1, 4]) await input.pipe('BTC', trade(id))
  await input.heartbeat('BTC', 41)
  await input.pipe('BTC', trade(2))
  const values = <V>(topic: string, codec: Parameters<typeof driver.read<V>>[1]) =>
    driver.read(topic, codec).map(({ value, timestampMs }) => [value, timestampMs])
  expect(values('passed', numbers)).toEqual([
    [1, 10],
    [4, 40],
  ])
  expect(values('missing', ranges)).toEqual([[{ first: 2, last: 3 }, 40]])
  expect(values('duplicates', numbers)).toEqual([
    [1, 10],
    [4, 40],
  ])
  expect(values('late', tradeCodec)).toEqual([[trade(2), 20]])
})

test('late records may be marked and passed on behind the others', async () => {
  const marked = inOrder.merge(inOrder.late.map((late) => ({ ...late, isLate: true }))).to('passed', tradeCodec)
  const driver = new TopologyTestDriver(marked)
  const input = driver.input('trades', tradeCodec)
  for (const id of [1, 3]) await input.pipe('BTC', trade(id))
  await input.heartbeat('BTC', 31)
  await input.pipe('BTC', trade(2))
  expect(driver.read('passed', tradeCodec).map(({ value }) => value)).toEqual([
    trade(1),
    trade(3),
    { ...trade(2), isLate: true },
  ])
})

test('windows behind it go by its clock: they stay open while records of theirs are held', async () => {
  const counts = inOrder
    .groupByKey()
    .window(tumbling({ sizeMs: 100, graceMs: 0 }))
    .aggregate(count(), { emit: 'on-close' })
    .to('counts', numbers)
  const driver = new TopologyTestDriver(counts)
  const input = driver.input('trades', tradeCodec)
  await input.pipeAll([
    ['BTC', trade(1, 10)],
    ['BTC', trade(3, 90)],
    ['BTC', trade(4, 140)],
  ])
  expect(driver.read('counts', numbers)).toEqual([])
  await input.pipe('BTC', trade(2, 80))
  await input.heartbeat('BTC', 150)
  expect(driver.read('counts', numbers).map(({ value }) => value)).toEqual([3])
})

test('what it holds has a limit, and it is refused at least once', async () => {
  const passed = inOrder.to('passed', tradeCodec)
  const driver = new TopologyTestDriver(passed)
  const input = driver.input('trades', tradeCodec)
  await input.pipeAll([3, 4, 5].map((id) => ['BTC', trade(id)] as const))
  await expect(input.pipe('BTC', trade(6))).rejects.toThrow('3 records are held in sequence, the limit (maxHeld)')
  const atLeastOnce = new TopologyTestDriver(passed, { guarantee: 'at-least-once' })
  await expect(atLeastOnce.settle()).rejects.toThrow('in-sequence: what it holds is in a changelog alone')
})
