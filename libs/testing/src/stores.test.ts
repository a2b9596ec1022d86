import { jsonCodec, stream, table, topology } from '@tidemark/streams'
import { count, session, sliding } from '@tidemark/windowing'
import { describe, expect, test } from 'vitest'
import { orderCodec, ordersTopology, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const numbers = jsonCodec<number>(() => undefined)
const names = jsonCodec<string>((json) => (typeof json === 'string' ? undefined : 'not a name'))
const texts = jsonCodec<string>(() => undefined)
const order = (placedAtMs: number, amount = 1): Order => ({ amount, placedAtMs })
const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs })

const reminders = orders
  .groupByKey()
  .process<{ seen: number }, string>({
    name: 'reminders',
    init: () => ({ seen: 0 }),
    onRecord({ amount }, context) {
      if (amount > 0) context.state.seen++
      else if (amount < 0) context.removeState()
      context.setTimer(context.timestampMs + 10)
    },
    timers: { graceMs: 0, onTimer: (context) => context.forward('due') },
  })
  .to('reminders', texts)

describe('a store', () => {
  test('of windows has the accumulators of those that are open, as their aggregator snapshots them', async () => {
    const driver = new TopologyTestDriver(ordersTopology())
    const input = driver.input('orders', orderCodec)
    await input.pipeAll([
      ['ada', order(1_000, 2)],
      ['bob', order(2_000, 5)],
      ['ada', order(60_500, 3)],
      ['ada', order(3_000, 4)],
    ])
    const store = 'windows-tumbling-1m-grace-2s'
    expect(await driver.store(store)).toEqual([
      { partition: 0, kind: 'window', key: 'ada', startMs: 0, value: [2, 6] },
      { partition: 0, kind: 'window', key: 'bob', startMs: 0, value: [1, 5] },
      { partition: 0, kind: 'window', key: 'ada', startMs: 60_000, value: [1, 3] },
    ])
    await input.pipe('ada', order(62_000, 1))
    expect(await driver.store(store)).toEqual([
      { partition: 0, kind: 'window', key: 'ada', startMs: 60_000, value: [2, 4] },
    ])
    await driver.close()
  })

  test('of sessions has where they begin now, one of sliding windows the records that they are made of', async () => {
    const grouped = orders.groupByKey()
    const sessions = grouped.window(session({ gapMs: 1_000, graceMs: 5_000 }))
    const slides = grouped.window(sliding({ timeDifferenceMs: 1_000, graceMs: 5_000 }))
    const driver = new TopologyTestDriver(
      topology(
        sessions.aggregate(count(), { emit: 'on-close', name: 'visits' }).to('sessions', numbers),
        slides.aggregate(count(), { emit: 'on-close' }).to('slides', numbers),
      ),
    )
    await driver.input('orders', orderCodec).pipeAll([
      ['ada', order(2_000)],
      ['ada', order(1_500)],
    ])
    expect(await driver.store('visits')).toEqual([
      { partition: 0, kind: 'window', key: 'ada', startMs: 1_500, value: 2 },
    ])
    const slid = await driver.store('windows-sliding-1s-grace-5s')
    expect(slid.filter(({ kind }) => kind === 'record').map(({ key, value }) => [key, value])).toEqual([
      ['ada', order(2_000)],
      ['ada', order(1_500)],
    ])
  })

  test('of a process has the state of each key and its timers; what is removed is gone', async () => {
    const driver = new TopologyTestDriver(reminders)
    const input = driver.input('orders', orderCodec)
    await input.pipe('ada', order(100))
    await input.pipe('bob', order(100, 0))
    expect(await driver.store('process-reminders')).toEqual([
      { partition: 0, kind: 'process', key: 'ada', value: { seen: 1 }, timersMs: [110] },
      { partition: 0, kind: 'process', key: 'bob', value: undefined, timersMs: [110] },
    ])
    await input.pipe('ada', order(105, -1))
    await input.pipe('bob', order(200))
    expect(await driver.store('process-reminders')).toEqual([
      { partition: 0, kind: 'process', key: 'bob', value: { seen: 1 }, timersMs: [210] },
    ])
  })

  test.each(['exactly-once', 'at-least-once'] as const)('of a table has its last values, %s', async (guarantee) => {
    const customers = table('customers', names)
    const joined = orders.join(customers, ({ amount }, name) => `${name} ${amount}`).to('joined', texts)
    const driver = new TopologyTestDriver(joined, { guarantee, partitions: 4 })
    const input = driver.input('customers', names)
    await input.pipeAll([
      ['ada', 'Ada'],
      ['bob', 'Bob'],
      ['ada', 'Ada L.'],
    ])
    await input.pipeBytes('bob', null)
    const entries = await driver.store('table-customers')
    expect(entries).toEqual([{ partition: expect.any(Number) as number, kind: 'table', key: 'ada', value: 'Ada L.' }])
  })

  test('of a clock has the time of its source', async () => {
    const driver = new TopologyTestDriver(ordersTopology({ clock: 'key' }))
    await driver.input('orders', orderCodec).pipe('ada', order(7))
    expect(await driver.store('clock-orders')).toEqual([{ partition: 0, kind: 'clock', key: 'ada', value: [7, null] }])
  })

  test('has what is committed, and nothing else', async () => {
    const driver = new TopologyTestDriver(reminders, { commit: 'manual' })
    const input = driver.input('orders', orderCodec)
    await input.pipe('ada', order(100))
    expect(await driver.store('process-reminders')).toEqual([])
    await driver.commit()
    await input.pipe('ada', order(101))
    expect((await driver.store('process-reminders')).map(({ value }) => value)).toEqual([{ seen: 1 }])
  })

  test('that is unknown is an error that names those that there are', async () => {
    const driver = new TopologyTestDriver(reminders)
    await expect(driver.store('reminders')).rejects.toThrow(
      'there is no store reminders, there are: clock-orders, process-reminders',
    )
  })

  test('is not read at-least-once, where no changelog keeps it', async () => {
    const driver = new TopologyTestDriver(ordersTopology(), { guarantee: 'at-least-once' })
    await expect(driver.store('windows-tumbling-1m-grace-2s')).rejects.toThrow('is read from its changelog')
  })
})

describe('killing one task', () => {
  /** Counts the records of each key, and how many keys came back from the changelog. */
  function lives() {
    let restored = 0
    const counted = orders
      .groupByKey()
      .process<{ seen: number }, string>({
        name: 'seen',
        init: () => ({ seen: 0 }),
        restore: (data) => {
          restored++
          return data as { seen: number }
        },
        snapshot: ({ seen }) => ({ seen }),
        onRecord(_order, context) {
          context.state.seen++
          context.forward(`${context.key} ${context.state.seen}`)
        },
      })
      .to('seen', texts)
    const driver = new TopologyTestDriver(counted, { partitions: 2, commit: 'manual' })
    return { driver, input: driver.input('orders', orderCodec), restored: () => restored }
  }

  /** Keys that go to partition 0 and 1. */
  async function keysOf({ driver, input }: ReturnType<typeof lives>): Promise<[string, string]> {
    await input.pipeAll(['a', 'b', 'c', 'd', 'e'].map((key) => [key, order(1)]))
    await driver.commit()
    const entries = await driver.store('process-seen')
    const [zero, one] = [0, 1].map((partition) => entries.find((entry) => entry.partition === partition)?.key)
    if (zero === undefined || one === undefined) throw new Error('the keys are all in one partition')
    driver.read('seen', texts)
    return [zero, one]
  }

  test('starts it anew from its changelog, and its input from its last commit; the others keep what they have', async () => {
    const app = lives()
    const { driver, input, restored } = app
    const [killed, other] = await keysOf(app)
    const stored = (await driver.store('process-seen')).filter(({ partition }) => partition === 0).length
    await input.pipe(killed, order(2))
    await input.pipe(other, order(2))
    await driver.killTask(0)
    expect(restored()).toBe(stored)
    await input.pipe(killed, order(3))
    await input.pipe(other, order(3))
    await driver.commit()
    const read = driver.read('seen', texts).map(({ value }) => value)
    expect(read.sort()).toEqual([`${killed} 2`, `${killed} 3`, `${other} 2`, `${other} 3`].sort())
  })

  test('gives what an undisturbed run gives, windows that were open with it', async () => {
    const run = async (isKilled: boolean) => {
      const driver = new TopologyTestDriver(ordersTopology({ clock: 'key' }), { partitions: 3, commit: 'manual' })
      const input = driver.input('orders', orderCodec)
      for (const [at, key] of ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd'].entries()) {
        await input.pipe(key, order(20_000 * at))
        if (at % 3 === 1) await driver.commit()
        if (isKilled) await driver.killTask(at % 3)
      }
      await driver.commit()
      return driver.readBytes('order-totals').map(({ key, value }) => `${key} ${value?.toString()}`)
    }
    const calm = await run(false)
    expect(calm.length).toBeGreaterThan(2)
    expect(await run(true)).toEqual(calm)
  })

  test('is refused where there is no such task, and at-least-once', async () => {
    const { driver } = lives()
    await expect(driver.killTask(2)).rejects.toThrow('partition 2 has no task')
    const other = new TopologyTestDriver(ordersTopology(), { guarantee: 'at-least-once' })
    await expect(other.killTask(0)).rejects.toThrow('kill() ends the application')
  })
})
