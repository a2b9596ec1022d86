import { jsonCodec, stream, topology, type Topology } from '@tidemark/streams'
import { collect, count, countWindows, tumbling, type SequenceRange } from '@tidemark/windowing'
import { orderCodec, totals, totalsCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver, type TestDriverOptions } from './topology-test-driver.ts'

/** What may happen to an application with orders as its input. */
export type Step =
  | { readonly kind: 'order'; readonly key: string; readonly order: Order }
  | { readonly kind: 'heartbeat'; readonly key: string; readonly watermarkMs: number }
  | { readonly kind: 'commit' }
  | { readonly kind: 'kill' }

const texts = jsonCodec<string>(() => undefined)
const ranges = jsonCodec<SequenceRange>(() => undefined)
const numbers = jsonCodec<number>(() => undefined)
const heartbeats = true
/** A larger one is never earlier, as `inSequence` wants it; there are holes and duplicates. */
const sequence = ({ placedAtMs }: Order) => Math.floor(placedAtMs / 1_000)

/** All steps that have state or look at time. */
export function statefulSteps(clock: 'partition' | 'key'): Topology {
  const orders = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs, clock })
  const { large, rest } = orders.branch({ large: ({ amount }) => amount > 500_000 })
  const reminders = large.groupByKey().process<{ seen: number }, string>({
    name: 'reminders',
    init: () => ({ seen: 0 }),
    onRecord({ placedAtMs }, context) {
      context.state.seen++
      context.setTimer(context.timestampMs + (placedAtMs % 7) * 500)
      if (placedAtMs % 3 === 0) context.deleteTimer(context.timestampMs + 500)
      context.forward(`${context.state.seen} until ${context.watermarkMs}`)
    },
    timers: {
      graceMs: 1_000,
      onTimer(context) {
        context.forward(`due after ${context.state.seen}`, context.timestampMs + 10)
        if (context.state.seen > 2) context.removeState()
        else if (context.timestampMs % 2 === 0) context.setTimer(context.timestampMs + 1_001)
      },
    },
  })
  const sums = rest
    .merge(large.filter(({ placedAtMs }) => placedAtMs % 2 === 0))
    .groupByKey()
    .window(tumbling({ sizeMs: 2_000, graceMs: 1_000 }))
    .aggregate(totals, { emit: 'on-close', late: 'late' })
  const baselines = sums.groupByKey().process<number[], string>({
    name: 'baselines',
    init: () => [],
    onRecord({ orders: placed }, context) {
      context.forward(`${placed} after ${context.state.join()}`)
      context.state = [...context.state.slice(-2), placed]
      context.setTimer(context.timestampMs + 1)
    },
    timers: { graceMs: 0, onTimer: (context) => context.forward(`over after ${context.state.join()}`) },
  })
  const ordered = orders.groupByKey().inSequence({ sequence, graceMs: 3_000, maxHeld: 1_000 })
  return topology(
    reminders.to('reminders', texts, { heartbeats }),
    sums.to('sums', totalsCodec, { heartbeats }),
    baselines
      .merge(reminders)
      .groupByKey()
      .window(tumbling({ sizeMs: 4_000, graceMs: 0 }))
      .aggregate(count(), { emit: 'on-close' })
      .to('counts', numbers, { heartbeats }),
    baselines.to('baselines', texts),
    ordered.missing.to('missing', ranges),
    ordered
      .merge(ordered.late)
      .groupByKey()
      .window(countWindows({ size: 3, sequence }))
      .aggregate(collect({ sequence, select: sequence, limit: 3 }), { emit: 'on-close' })
      .map(({ values }) => values.join())
      .to('triples', texts, { heartbeats }),
  )
}

/** All that the steps write, topic by topic. */
export async function outputsOf(
  steps: readonly Step[],
  clock: 'partition' | 'key',
  given: Pick<TestDriverOptions, 'maxBatchBytes'> = {},
) {
  const described = statefulSteps(clock)
  const driver = new TopologyTestDriver(described, { ...given, commit: 'manual' })
  const orders = driver.input('orders', orderCodec)
  for (const step of steps) {
    if (step.kind === 'order') await orders.pipe(step.key, step.order)
    else if (step.kind === 'heartbeat') await orders.heartbeat(step.key, step.watermarkMs)
    else if (step.kind === 'commit') await driver.commit()
    else driver.kill()
  }
  await driver.settle()
  await driver.commit()
  const show = (bytes: Buffer | null) => bytes?.toString() ?? null
  return Object.fromEntries(
    described.outputTopics.map((topic) => [
      topic,
      driver
        .readBytes(topic)
        .map((record) => ({ ...record, value: show(record.value), timestampMs: record.timestampMs })),
    ]),
  )
}
