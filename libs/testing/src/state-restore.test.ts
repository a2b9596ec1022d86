import { StreamsRuntime } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { ManualClock } from './manual-clock.ts'
import { orderCodec, ordersTopology } from './orders-fixture.ts'
import { SteppedKafka } from './stepped-kafka-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('a member is not ready while it restores state, and tells how far it is, per state', async () => {
  const kafka = new SteppedKafka()
  const topology = ordersTopology({ sizeMs: 1_000 })
  const driver = new TopologyTestDriver(topology, { kafka })
  const orders = driver.input('orders', orderCodec)
  for (const key of ['ada', 'bob', 'cyd']) await orders.pipe(key, { amount: 1, placedAtMs: 1 })
  driver.kill()
  const lines: object[] = []
  const logger = { debug() {}, warn() {}, error() {}, info: (fields: object) => void lines.push(fields) }
  const clock = new ManualClock()
  const runtime = new StreamsRuntime(topology, {
    applicationId: 'test-driver',
    kafka,
    guarantee: 'exactly-once',
    nowMs: clock.nowMs,
    logger,
  })
  await runtime.start()
  const turn = runtime.turn(0)
  const seen: unknown[] = []
  for (let read = 0; read < 3; read++) {
    await turns()
    seen.push(runtime.partitions()[0]?.restoring.map(({ restored, total }) => [restored, total]))
    expect(runtime.ready).toBe(false)
    clock.advance(5_000)
    kafka.steps.shift()?.()
  }
  await turn
  // The entries of three keys, after the one that says what the state is.
  expect(seen).toEqual([[[0, 4]], [[2, 4]], [[3, 4]]])
  expect(runtime.ready).toBe(true)
  expect(runtime.partitions()[0]?.restoring).toEqual([])
  expect(lines).toContainEqual({ partition: 0, state: expect.any(String) as string, restored: 2, total: 4 })
  expect(lines).toContainEqual({ tasks: 1, entries: 6, tookMs: 15_000 })
  await runtime.close({ commit: true })
})

test('state above its limit stops the application, naming the state that has most of it', async () => {
  const driver = new TopologyTestDriver(ordersTopology({ clock: 'key' }), { maxStateEntries: 5 })
  const orders = driver.input('orders', orderCodec)
  await orders.pipe('ada', { amount: 1, placedAtMs: 1 })
  await orders.pipe('bob', { amount: 1, placedAtMs: 1 })
  await expect(orders.pipe('cyd', { amount: 1, placedAtMs: 1 })).rejects.toThrow(
    /^6 entries of state are in memory, the limit \(maxStateEntries\) is 5; most are of .* \(3\)/,
  )
})
