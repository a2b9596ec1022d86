import {
  jsonCodec,
  RecordCollector,
  stream,
  StreamsError,
  StreamsRuntime,
  topology,
  type RecordBatch,
  type RunOptions,
  type TopicPartition,
} from '@tidemark/streams'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FailingKafka } from './failing-kafka.ts'

// Sources of one task that meet in a step with state, and one that does not, whatever their records' times, the order in which brokers serve
// them, and what ends: nothing is lost or left waiting, and, exactly once, nothing repeated.

interface Sent {
  /** Records of one are in order. */
  readonly line: string
  readonly number: number
  readonly atMs: number
}

const PARTITIONS = 2
const topics = ['a', 'b', 'c'] as const
const place = fc.record({ topic: fc.constantFrom(...topics), partition: fc.nat(PARTITIONS - 1) })
const send = fc.record({
  kind: fc.constant('send' as const),
  to: place,
  key: fc.constantFrom('ada', 'bob'),
  // One of them is far ahead of all others.
  times: fc.array(fc.oneof({ weight: 20, arbitrary: fc.nat(100_000) }, fc.constant(9e12)), {
    minLength: 1,
    maxLength: 6,
  }),
  inOneBatch: fc.boolean(),
})
const turn = fc.record({
  kind: fc.constant('turn' as const),
  instance: fc.nat(2),
  passedMs: fc.oneof({ weight: 9, arbitrary: fc.nat(100) }, fc.constant(11_000)),
  /** What brokers serve; the others are away. */
  served: fc.subarray(
    topics.flatMap((topic) => Array.from({ length: PARTITIONS }, (_, partition) => `${topic}/${partition}`)),
  ),
})
const action = fc.oneof(
  { weight: 7, arbitrary: send },
  { weight: 8, arbitrary: turn },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), isCommitted: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'join' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), instance: fc.nat(2) }) },
)
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

/** Some of its brokers may be away. */
class PartlyServedKafka extends FailingKafka {
  served: readonly string[] | undefined

  override batchFrom(partition: TopicPartition, fromOffset: number): RecordBatch | undefined {
    const isAway = this.served?.includes(`${partition.topic}/${partition.partition}`) === false
    return isAway ? undefined : super.batchFrom(partition, fromOffset)
  }
}

const codec = jsonCodec<Sent>(() => undefined)
const sources = topics.map((topic) => stream(topic, codec, { timestampMs: ({ atMs }) => atMs }))
const [a, b, c] = sources as [(typeof sources)[number], (typeof sources)[number], (typeof sources)[number]]
const counted = a
  .merge(b)
  .groupByKey()
  .process<{ count: number }, Sent>({
    name: 'counted',
    init: () => ({ count: 0 }),
    onRecord(value, context) {
      context.state.count++
      context.forward(value)
    },
  })
const copies = topology(counted.to('copies', codec), c.to('copies', codec))

type Setting = Pick<RunOptions, 'guarantee' | 'maxBufferedBytes'>

async function copiesAfter(actions: readonly Action[], setting: Setting) {
  const kafka = new PartlyServedKafka()
  for (const topic of [...topics, 'copies', 'app-dlq']) kafka.createTopic(topic, PARTITIONS)
  const collector = new RecordCollector(kafka.producer())
  for (const topic of topics) await collector.open(topic)
  let nowMs = 0
  const started = async () => {
    const options = { applicationId: 'app', kafka, commitIntervalMs: 100, nowMs: () => nowMs, ...setting }
    const runtime = new StreamsRuntime(copies, options)
    await runtime.start()
    return runtime
  }
  let running = [await started()]
  const sent: Sent[] = []
  for (const act of actions) {
    if (act.kind === 'send') {
      for (const atMs of act.times) {
        const value = { line: `${act.to.topic}/${act.to.partition}/${act.key}`, number: sent.length, atMs }
        sent.push(value)
        collector.add({ ...act.to, key: act.key, value, codec, timestampMs: 0 })
        if (!act.inOneBatch) await collector.flush()
      }
      await collector.flush()
    } else if (act.kind === 'turn') {
      nowMs += act.passedMs
      kafka.served = act.served
      await running[act.instance % running.length]?.turn(0)
    } else if (act.kind === 'fail') {
      const error = new StreamsError('broker-unavailable', 'the answer was lost', { retriable: true })
      kafka.failNext = { error, isCommitted: act.isCommitted }
    } else if (act.kind === 'kill') {
      kafka.group('app').kill()
      running = [await started()]
    } else if (act.kind === 'join') running.push(await started())
    else if (running.length > 1) {
      const [left] = running.splice(act.instance % running.length, 1)
      await left?.close({ commit: true })
    }
  }
  kafka.served = undefined
  kafka.failNext = undefined
  // Tasks whose commits have failed wait for seconds; nothing waits for longer.
  for (let idle = 0; idle < 30; nowMs += 1_000) {
    let done = 0
    for (const runtime of running) done += await runtime.turn(0)
    idle = done === 0 ? idle + 1 : 0
  }
  for (const runtime of running) await runtime.close({ commit: true })
  return { sent, copied: allOf(kafka, 'copies') }
}

function allOf(kafka: PartlyServedKafka, topic: string): Sent[] {
  const values: Sent[] = []
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const batch of kafka.batchesFrom({ topic, partition }, 0)) {
      for (const cursor = batch.cursor(); cursor.next();) values.push(JSON.parse(String(cursor.value())) as Sent)
    }
  }
  return values
}

const numbersOf = (values: readonly Sent[], line: string) =>
  values.filter((value) => value.line === line).map(({ number }) => number)

test.each([1_000, 1_000_000])(
  'nothing is lost, repeated or reordered within a key of a source, with room for %i bytes',
  async (maxBufferedBytes) => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 80 }), async (actions) => {
        const { sent, copied } = await copiesAfter(actions, { guarantee: 'exactly-once', maxBufferedBytes })
        for (const line of new Set(sent.map((one) => one.line))) {
          expect(numbersOf(copied, line)).toEqual(numbersOf(sent, line))
        }
        expect(copied.length).toBe(sent.length)
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300) },
    )
  },
)
