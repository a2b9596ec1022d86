import { jsonCodec, stream, topology, type ProcessOptions } from '@tidemark/streams'
import { count, tumbling } from '@tidemark/windowing'
import { describe, expect, test } from 'vitest'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver, type TestDriverOptions } from './topology-test-driver.ts'

const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock: 'key' })
const shared = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })
const texts = jsonCodec<string>(() => undefined)
const order = (placedAtMs: number, amount = 1): Order => ({ amount, placedAtMs })

type Steps = Omit<ProcessOptions<Order, { sum: number }, string>, 'name' | 'init'>

function driverOf(steps: Steps, options: TestDriverOptions & { from?: typeof orders; version?: number } = {}) {
  const { from = orders, version = 1, ...others } = options
  const init = () => ({ sum: 0 })
  const sumsOf = from
    .groupByKey()
    .process<{ sum: number }, string>({ name: 'sums', init, version, ...steps })
    .to('texts', texts)
  const driver = new TopologyTestDriver(sumsOf, others)
  const read = () => driver.read('texts', texts).map(({ key, value, timestampMs }) => `${key} ${value} @${timestampMs}`)
  return { topology: sumsOf, driver, input: driver.input('orders', orderCodec), read }
}

const sums: Steps = {
  onRecord({ amount }, context) {
    context.state.sum += amount
    context.forward(String(context.state.sum))
  },
}

describe('process', () => {
  test('keeps a state per key, also over a crash, and forwards at the time of the record', async () => {
    const { driver, input, read } = driverOf(sums)
    await input.pipeAll([
      ['ada', order(10, 1)],
      ['bob', order(20, 5)],
    ])
    driver.kill()
    await input.pipe('ada', order(30, 2))
    expect(read()).toEqual(['ada 1 @10', 'bob 5 @20', 'ada 3 @30'])
  })

  test('forgets a state that is removed', async () => {
    const { driver, input, read } = driverOf({
      onRecord({ amount }, context) {
        context.state = { sum: context.state.sum + amount }
        context.forward(String(context.state.sum))
        if (amount === 0) context.removeState()
      },
    })
    await input.pipeAll([1, 0, 2].map((amount, at) => ['ada', order(at, amount)] as const))
    driver.kill()
    await input.pipe('ada', order(9, 0))
    driver.kill()
    await input.pipe('ada', order(10, 7))
    expect(read()).toEqual(['ada 1 @0', 'ada 1 @1', 'ada 2 @2', 'ada 2 @9', 'ada 7 @10'])
  })

  test('keeps states that are not plain data by snapshot and restore', async () => {
    const distinct = orders
      .groupByKey()
      .process<Set<number>, string>({
        name: 'amounts',
        init: () => new Set(),
        snapshot: (seen) => [...seen],
        restore: (data) => new Set(data as number[]),
        onRecord({ amount }, context) {
          context.state.add(amount)
          context.forward(`${context.state.size} amounts`)
        },
      })
      .to('texts', texts)
    const driver = new TopologyTestDriver(distinct)
    const input = driver.input('orders', orderCodec)
    for (const amount of [3, 3, 4]) {
      await input.pipe('ada', order(1, amount))
      driver.kill()
    }
    await driver.settle()
    expect(driver.read('texts', texts).map(({ value }) => value)).toEqual(['1 amounts', '1 amounts', '2 amounts'])
  })

  test.each([
    ['a number that is none', NaN, 'NaN'],
    ['a Date', new Date(0), 'an object of class Date'],
    ['a Map', new Map([['a', 1]]), 'an object of class Map'],
    ['a bigint', 1n, 'a bigint'],
    ['nothing in a list', [undefined], 'undefined'],
  ])(
    'stops at a state with %s, which would come back as something else, and names it and its key',
    async (_, last, what) => {
      const lasts = orders
        .groupByKey()
        .process<{ last: unknown }, string>({
          name: 'lasts',
          init: () => ({ last: null }),
          onRecord: (_order, context) => void (context.state = { last }),
        })
        .to('texts', texts)
      const driver = new TopologyTestDriver(lasts)
      await expect(driver.input('orders', orderCodec).pipe('ada', order(1))).rejects.toThrow(
        `process lasts: what is kept of key ada has ${what} at .last`,
      )
    },
  )

  test('keeps a state that is a text, a list or null, with what is undefined left out', async () => {
    const { log, step } = { log: [] as unknown[], step: [{ a: undefined, b: [1] }, 'text', null, ['x', false]] }
    const lasts = orders
      .groupByKey()
      .process<unknown, string>({
        name: 'lasts',
        init: () => 0,
        onRecord({ amount }, context) {
          log.push(context.state)
          context.state = step[amount]
        },
      })
      .to('texts', texts)
    const driver = new TopologyTestDriver(lasts)
    for (const amount of [0, 1, 2, 3, 0]) {
      await driver.input('orders', orderCodec).pipe('ada', order(1, amount))
      driver.kill()
    }
    expect(log).toEqual([0, { b: [1] }, 'text', null, ['x', false]])
  })

  const later: () => unknown = () => Promise.reject(new Error('too late'))

  test.each([
    ['onRecord', { onRecord: later }],
    ['onTimer', { onRecord: (_order, context) => context.setTimer(1), timers: { graceMs: 0, onTimer: later } }],
  ] as [string, Steps][])('stops at an async %s, which would go on behind its record', async (name, steps) => {
    const { input } = driverOf(steps)
    await expect(input.pipe('ada', order(1))).rejects.toThrow(`process sums: ${name} is async; steps are synchronous`)
  })

  test('refuses one key more than its limit', async () => {
    const { input } = driverOf({ ...sums, maxKeys: 1 })
    await input.pipe('ada', order(1))
    await expect(input.pipe('bob', order(1))).rejects.toThrow('1 keys have state, the limit (maxKeys)')
  })

  test('is refused at least once, at the start', async () => {
    const { driver } = driverOf(sums, { guarantee: 'at-least-once' })
    await expect(driver.settle()).rejects.toThrow(
      'process sums: its state is in a changelog alone: run it exactly-once',
    )
  })

  test('refuses state of another version, and names it', async () => {
    const first = driverOf(sums)
    await first.input.pipe('ada', order(1))
    await first.driver.close()
    const second = driverOf(sums, { kafka: first.driver.kafka, version: 2 })
    await expect(second.driver.settle()).rejects.toThrow(
      'state process-sums in test-driver-process-sums-changelog was made for "process, version 1", the topology now has ' +
        '"process, version 2"',
    )
  })

  test('whose state is new in an application that runs is told in the log, and one whose state is gone is refused', async () => {
    const first = driverOf(sums)
    await first.input.pipe('ada', order(1))
    await first.driver.close()
    const warned: object[] = []
    const logger = { debug() {}, info() {}, error() {}, warn: (fields: object) => void warned.push(fields) }
    const more = orders
      .groupByKey()
      .process<null, string>({ name: 'more', init: () => null, onRecord: () => undefined })
    const both = topology(first.topology, more.to('texts', texts))
    const second = new TopologyTestDriver(both, { kafka: first.driver.kafka, logger })
    await second.input('orders', orderCodec).pipe('ada', order(2))
    expect(warned).toEqual([{ states: ['process-more'], topic: 'orders', partition: 0, offset: 1 }])
    await second.close()
    const third = new TopologyTestDriver(more.to('texts', texts), { kafka: first.driver.kafka })
    await expect(third.settle()).rejects.toThrow(
      'topic orders partition 0: the topology no longer has state process-sums, which it had at its last commit',
    )
  })

  test('refuses a result earlier than its record and than the watermark: what follows may be through with it', async () => {
    const { input, read } = driverOf({
      onRecord: (_order, context) => context.forward('early', context.timestampMs - 1),
    })
    await input.pipe('ada', order(3))
    expect(read()).toHaveLength(1)
    await input.heartbeat('ada', 5)
    await expect(input.pipe('ada', order(5))).rejects.toThrow('key ada: forward at 4, which is not a time from 5 on')
  })
})

describe('event-time timers', () => {
  const reminders: Steps = {
    onRecord: (_order, context) => context.setTimer(context.timestampMs + 100),
    timers: { graceMs: 10, onTimer: (context) => context.forward('due') },
  }

  test('fire when stream time less grace reaches them, before the record that moves it', async () => {
    const { input, read } = driverOf(reminders)
    await input.pipeAll([
      ['ada', order(0)],
      ['ada', order(109)],
    ])
    expect(read()).toEqual([])
    await input.pipe('ada', order(110))
    expect(read()).toEqual(['ada due @100'])
  })

  test('fire in silence at a heartbeat, also over a crash, and once', async () => {
    const { driver, input, read } = driverOf(reminders)
    await input.pipe('ada', order(0))
    driver.kill()
    await input.heartbeat('ada', 99)
    expect(read()).toEqual([])
    await input.heartbeat('ada', 100)
    driver.kill()
    await input.heartbeat('ada', 500)
    expect(read()).toEqual(['ada due @100'])
  })

  test('of all keys fire in order of time, then key, with the clock of a partition', async () => {
    const { input, read } = driverOf(reminders, { from: shared })
    await input.pipeAll([
      ['cyd', order(5)],
      ['bob', order(0)],
      ['ada', order(5)],
    ])
    await input.heartbeat('bob', 1_000)
    expect(read()).toEqual(['bob due @100', 'ada due @105', 'cyd due @105'])
  })

  test('of one key do not wait for another, with a clock per key', async () => {
    const { input, read } = driverOf(reminders)
    await input.pipeAll([
      ['ada', order(0)],
      ['bob', order(0)],
    ])
    await input.heartbeat('bob', 1_000)
    expect(read()).toEqual(['bob due @100'])
  })

  test('may set timers, be deleted, and be set for a time that has passed', async () => {
    const { input, read } = driverOf({
      onRecord({ amount }, context) {
        if (amount === 0) return context.deleteTimer(100)
        context.setTimer(context.timestampMs)
        context.setTimer(100)
      },
      timers: {
        graceMs: 0,
        onTimer(context) {
          context.forward(`by ${context.watermarkMs}`)
          if (context.timestampMs === 7) context.setTimer(8)
        },
      },
    })
    await input.pipe('ada', order(7))
    expect(read()).toEqual(['ada by 7 @7'])
    await input.pipe('ada', order(50, 0))
    expect(read()).toEqual(['ada by 50 @8'])
    await input.heartbeat('ada', 1_000)
    expect(read()).toEqual([])
  })

  test('are refused before their record, beyond their limit, and without an onTimer', async () => {
    const timers = { graceMs: 0, maxPerKey: 1, onTimer: () => undefined }
    const early = driverOf({ onRecord: (_order, context) => context.setTimer(4), timers })
    await expect(early.input.pipe('ada', order(5))).rejects.toThrow('setTimer at 4, which is not a time from 5 on')
    const many = driverOf({ onRecord: (_order, context) => [8, 9].forEach((ms) => context.setTimer(ms)), timers })
    await expect(many.input.pipe('ada', order(5))).rejects.toThrow('key ada has 1 timers, the limit (maxPerKey)')
    const none = driverOf({ onRecord: (_order, context) => context.setTimer(9) })
    await expect(none.input.pipe('ada', order(5))).rejects.toThrow('a timer is set, but there is no onTimer')
    const again = driverOf({
      onRecord: (_order, context) => context.setTimer(9),
      timers: { graceMs: 0, onTimer: (context) => context.setTimer(9) },
    })
    await expect(again.input.pipe('ada', order(20))).rejects.toThrow('setTimer at 9, which is not a time from 20 on')
  })
})

test('behind windows, results come before the timers that are due at their end', async () => {
  const changes = orders
    .groupByKey()
    .window(tumbling({ sizeMs: 100, graceMs: 20 }))
    .aggregate(count(), { emit: 'on-close', late: 'late-orders' })
    .map((orderCount) => orderCount * 10)
    .groupByKey()
    .process<number[], string>({
      name: 'baseline',
      init: () => [],
      onRecord(value, context) {
        context.forward(`${value} after [${context.state.join()}]`)
        context.state.push(value)
        context.setTimer(context.timestampMs + 1)
      },
      timers: { graceMs: 0, onTimer: (context) => context.forward('window over') },
    })
    .to('texts', texts)
  const driver = new TopologyTestDriver(changes)
  const input = driver.input('orders', orderCodec)
  for (const ms of [10, 90, 110, 119, 250, 70]) {
    await input.pipe('ada', order(ms))
    driver.kill()
  }
  await input.heartbeat('ada', 1_000)
  expect(driver.read('texts', texts).map(({ value, timestampMs }) => `${value} @${timestampMs}`)).toEqual([
    '20 after [] @99',
    'window over @100',
    '20 after [20] @199',
    'window over @200',
    '10 after [20,20] @299',
    'window over @300',
  ])
  expect(driver.read('late-orders', orderCodec).map(({ value }) => value.placedAtMs)).toEqual([70])
})

test('windows behind windows close by the time of those before them', async () => {
  const changes = orders
    .groupByKey()
    .window(tumbling({ sizeMs: 100, graceMs: 0 }))
    .aggregate(count(), { emit: 'on-close' })
    .groupByKey()
    .window(tumbling({ sizeMs: 200, graceMs: 0 }))
    .aggregate(
      { init: () => '', add: (text: string, value: number) => `${text}${value}`, result: (text) => text },
      { emit: 'on-close' },
    )
    .to('texts', texts)
  const driver = new TopologyTestDriver(changes)
  const input = driver.input('orders', orderCodec)
  for (const ms of [1, 2, 101, 199, 201]) {
    await input.pipe('ada', order(ms))
    driver.kill()
  }
  // One heartbeat closes both; the result at the edge is in its window.
  await input.heartbeat('ada', 400)
  expect(driver.read('texts', texts).map(({ value, timestampMs }) => `${value} @${timestampMs}`)).toEqual([
    '22 @199',
    '1 @399',
  ])
  const atLeastOnce = new TopologyTestDriver(changes, { guarantee: 'at-least-once' })
  await expect(atLeastOnce.settle()).rejects.toThrow('windows behind windows')
})
