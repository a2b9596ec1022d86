import { RecordCollector, RUN_DEFAULTS, run, StreamsRuntime, topology, type RunOptions } from '@tidemark/streams'
import { describe, expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { ManualClock } from './manual-clock.ts'
import { orderCodec, ordersTopology } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const applicationId = 'totals'

/** An application whose options are those given, whatever their types say. */
function runtimeWith(given: object) {
  const kafka = new InMemoryKafka()
  for (const topic of ['orders', 'order-totals', 'order-totals-late', `${applicationId}-dlq`]) kafka.createTopic(topic)
  const clock = new ManualClock()
  const options: RunOptions = { applicationId, kafka, guarantee: 'at-least-once', ...given }
  return { kafka, clock, runtime: new StreamsRuntime(ordersTopology(), { ...options, nowMs: clock.nowMs }) }
}

describe('an option that can not be is refused before anything is read, and named with its value and what is allowed', () => {
  test.each([
    [{ commitIntervalMs: NaN }, 'commitIntervalMs is NaN: allowed is a whole number from 0 on, or Infinity'],
    [{ commitIntervalMs: -1 }, 'commitIntervalMs is -1: '],
    [{ maxBufferedBytes: NaN }, 'maxBufferedBytes is NaN: allowed is a whole number from 1 on'],
    [{ maxBufferedBytes: Infinity }, 'maxBufferedBytes is Infinity: '],
    [{ maxBatchBytes: NaN }, 'maxBatchBytes is NaN: allowed is a whole number from 1 to 2147483647'],
    [{ maxBatchBytes: 2 ** 31 }, 'maxBatchBytes is 2147483648: '],
    [{ maxSinkRecords: 1.5 }, 'maxSinkRecords is 1.5: '],
    [{ maxOpenWindows: 0 }, 'maxOpenWindows is 0: '],
    [{ maxStateEntries: NaN }, 'maxStateEntries is NaN: '],
    [{ maxStateEntries: '5' }, "maxStateEntries is '5': "],
    [{ sessionTimeoutMs: NaN }, 'sessionTimeoutMs is NaN: '],
    [{ recordDeadlineMs: NaN }, 'recordDeadlineMs is NaN: '],
    [{ guarantee: 'exactly_once' }, "guarantee is 'exactly_once': allowed is at-least-once or exactly-once"],
    [{ guarantee: undefined }, 'guarantee is not given: allowed is at-least-once or exactly-once'],
    [{ startAt: 'newest' }, "startAt is 'newest': allowed is earliest or latest"],
    [{ compression: 'brotli' }, "compression is 'brotli': allowed is none or gzip or snappy or lz4 or zstd"],
    [{ applicationId: '' }, "applicationId is '': allowed is 1 to 245 letters, digits, '.', '_' and '-', which topics"],
    [{ applicationId: undefined }, 'applicationId is not given: '],
    [{ applicationId: 'order totals' }, "applicationId is 'order totals': "],
    [{ applicationId: 'a'.repeat(246) }, `applicationId is '${'a'.repeat(246)}': `],
    [{ kafka: undefined }, 'kafka is not given: allowed is an object with consumer, producer, '],
    [
      { logger: { info() {} } },
      'logger is { info: [Function: info] }: allowed is an object with debug, info, warn, error',
    ],
    [{ logger: null }, 'logger is null: '],
    [{ skip: 'orders/0/1' }, "skip is 'orders/0/1': allowed is a list of places of records"],
    [{ skip: [{ topic: 'orders', partition: 0, offset: NaN }] }, 'skip is [ [Object] ]: '],
  ])('%o', (given, message) => {
    expect(() => runtimeWith(given)).toThrow(
      expect.objectContaining({ code: 'wrong-option', message: expect.stringContaining(message) as string }) as Error,
    )
  })

  test('by run as well, and so is a topology without a source, which would do nothing for ever', () => {
    const kafka = new InMemoryKafka()
    const options = { applicationId, kafka, guarantee: 'exactly-once' } as const
    expect(() => run(ordersTopology(), { ...options, nowMs: 5 as never })).toThrow('nowMs is 5: allowed is a function')
    expect(() => run(topology(), options)).toThrow(
      'the topology has no source: topology() was given no end of a stream',
    )
  })

  test('by a test driver with its first step', async () => {
    const driver = new TopologyTestDriver(ordersTopology(), { maxOpenWindows: NaN })
    await expect(driver.settle()).rejects.toThrow('maxOpenWindows is NaN')
  })
})

test('what is given as undefined is what it is without being given', async () => {
  const names = [...Object.keys(RUN_DEFAULTS), 'logger']
  const { kafka, clock, runtime } = runtimeWith(Object.fromEntries(names.map((name) => [name, undefined])))
  await runtime.start()
  const collector = new RecordCollector(kafka.producer())
  await collector.open('orders')
  for (const placedAtMs of [1, 70_000]) {
    const order = { topic: 'orders', key: 'ada', value: { amount: 1, placedAtMs }, codec: orderCodec, timestampMs: 0 }
    collector.add(order)
  }
  await collector.flush()
  const results = () => kafka.partitions('order-totals')[0]?.endOffset
  await runtime.turn(0)
  expect(results()).toBe(0)
  clock.advance(RUN_DEFAULTS.commitIntervalMs)
  await runtime.turn(0)
  expect(results()).toBe(1)
})
