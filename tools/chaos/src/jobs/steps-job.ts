import { intKeys, jsonCodec, stream, table, type ProcessOptions, type Topology } from '@tidemark/streams'
import { countWindows } from '@tidemark/windowing'
import { judge, type Named } from '../verdict.ts'
import { isObject, sampleCodec, type Job, type JobTopics, type Keyed, type Sample } from './job.ts'
import { KEYS, shuffledSamples } from './samples.ts'

/** A result: what it is of, which one of its key, and what it says. */
export interface StepResult {
  readonly of: 'record' | 'second' | 'dozen' | 'missing' | 'repeated' | 'late'
  readonly key: number
  /** Of a record or of the first of several their sequence, of a second its end in ms. */
  readonly id: number
  readonly count: number
  readonly sum: number
}

interface Weighted extends Sample {
  readonly weight: number
}

interface Sums {
  count: number
  sum: number
  /** Those that are not over. */
  seconds: { readonly endMs: number; count: number; sum: number }[]
}

const GRACE_MS = 200
const SECOND_MS = 1_000
const DOZEN = 12

const codec = jsonCodec<StepResult>(isObject)
const weights = jsonCodec<number>((json) => (typeof json === 'number' ? undefined : 'not a number'))

/** Those of every fifth key are not in the table. */
const weightOf = (key: number) => (key % 5 === 0 ? 1 : 2 + (key % 7))

/** Running sums of a key at each record, and by a timer at the end of each second. */
const sums: ProcessOptions<Weighted, Sums, StepResult, number> = {
  name: 'sums',
  init: () => ({ count: 0, sum: 0, seconds: [] }),
  onRecord({ sequence, amount, weight }, context) {
    const { key, state, timestampMs } = context
    const endMs = endOfSecond(timestampMs)
    let second = state.seconds.find((open) => open.endMs === endMs)
    if (second === undefined) state.seconds.push((second = { endMs, count: 0, sum: 0 }))
    second.count++
    second.sum += amount * weight
    state.count++
    state.sum += amount * weight
    context.setTimer(endMs)
    context.forward({ of: 'record', key, id: sequence, count: state.count, sum: state.sum })
  },
  timers: {
    graceMs: 0,
    onTimer(context) {
      const { key, state, timestampMs } = context
      const [second] = state.seconds.splice(0, 1)
      const { count = 0, sum = 0 } = second ?? {}
      context.forward({ of: 'second', key, id: timestampMs, count, sum })
    },
  },
}

/** Every step that keeps state, in one topology: records in sequence, joined with a table, summed with timers, counted in dozens. */
export const stepsJob: Job = {
  topology: stepsTopology,
  load: shuffledSamples,
  table: weightRecords(),
  judge: async (written, readOutput) =>
    judge(
      expectedResults(written).map(named),
      (await readOutput(codec)).map(({ value }) => named(value)),
    ),
}

function stepsTopology({ input, output, table: tableTopic }: JobTopics): Topology {
  const timestampMs = (sample: Sample) => sample.timestampMs
  const ordered = stream(input, sampleCodec, { timestampMs, clock: 'key', key: intKeys })
    .groupByKey()
    .inSequence({ sequence: ({ sequence }) => sequence, graceMs: GRACE_MS, maxHeld: 10_000, firstSequence: 0 })
  const weighted = ordered
    .leftJoin(table(tableTopic, weights, { key: intKeys }), (sample, weight = 1): Weighted => ({ ...sample, weight }))
    .groupByKey()
  const dozens = weighted
    .window(countWindows({ size: DOZEN, sequence: ({ sequence }: Weighted) => sequence }))
    .aggregate(
      {
        init: () => ({ first: -1, sum: 0 }),
        add: ({ first, sum }, { sequence, amount, weight }) => ({
          first: first < 0 ? sequence : first,
          sum: sum + amount * weight,
        }),
        result: ({ first, sum }, { key }): StepResult => ({ of: 'dozen', key, id: first, count: DOZEN, sum }),
      },
      { emit: 'on-close' },
    )
  const single =
    (of: StepResult['of']) =>
    ({ sequence, amount }: Sample, { key }: { key: number }): StepResult => ({
      ...{ of, key, id: sequence, count: 1, sum: amount },
    })
  return weighted
    .process(sums)
    .merge(
      dozens,
      ordered.missing.map(({ first, last }, { key }): StepResult => ({
        ...{ of: 'missing', key, id: first, count: last - first + 1, sum: 0 },
      })),
      ordered.duplicates.map(single('repeated')),
      ordered.late.map(single('late')),
    )
    .to(output, codec)
}

/** All weights, wrong ones first; then those of every fifth key are gone. */
function weightRecords(): [key: Buffer, value: Buffer | null][] {
  const keys = Array.from({ length: KEYS }, (_, key) => key)
  const value = (weight: number) => Buffer.from(JSON.stringify(weight))
  return [
    ...keys.map((key): [Buffer, Buffer] => [intKeys.encode(key), value(1_000 + key)]),
    ...keys.map((key): [Buffer, Buffer | null] => [intKeys.encode(key), key % 5 === 0 ? null : value(2 + (key % 7))]),
  ]
}

/** The same results from all samples in one go: sorted, not held; counted, not timed. */
export function expectedResults(written: readonly Keyed<Sample>[]): StepResult[] {
  const byKey = Map.groupBy(written, ({ key }) => key.readInt32BE())
  return [...byKey].flatMap(([key, records]) =>
    expectedOfKey(
      key,
      records.map(({ value }) => value),
    ),
  )
}

function expectedOfKey(key: number, arrived: readonly Sample[]): StepResult[] {
  const first = new Map<number, Sample>()
  const repeated: StepResult[] = []
  for (const sample of arrived) {
    const { sequence: id, amount: sum } = sample
    if (first.has(id)) repeated.push({ of: 'repeated', key, id, count: 1, sum })
    else first.set(id, sample)
  }
  const samples = [...first.values()].sort((one, other) => one.sequence - other.sequence)
  const weight = weightOf(key)
  const sumOf = (some: readonly Sample[]) => some.reduce((sum, { amount }) => sum + amount * weight, 0)
  let sum = 0
  const records = samples.map(({ sequence: id, amount }, index): StepResult => {
    sum += amount * weight
    return { of: 'record', key, id, count: index + 1, sum }
  })
  const missing = samples.flatMap(({ sequence }, index): StepResult[] => {
    const id = (samples[index - 1]?.sequence ?? -1) + 1
    return id === sequence ? [] : [{ of: 'missing', key, id, count: sequence - id, sum: 0 }]
  })
  const seconds = [...Map.groupBy(samples, ({ timestampMs }) => endOfSecond(timestampMs))].map(
    ([id, some]): StepResult => ({ of: 'second', key, id, count: some.length, sum: sumOf(some) }),
  )
  const dozens = Array.from({ length: Math.floor(samples.length / DOZEN) }, (_, index): StepResult => {
    const some = samples.slice(index * DOZEN, (index + 1) * DOZEN)
    return { of: 'dozen', key, id: some[0]?.sequence ?? -1, count: DOZEN, sum: sumOf(some) }
  })
  return [...records, ...missing, ...seconds, ...dozens, ...repeated]
}

function endOfSecond(timestampMs: number): number {
  return (Math.floor(timestampMs / SECOND_MS) + 1) * SECOND_MS
}

function named(value: StepResult): Named<StepResult> {
  const line = `${value.of} of ${value.key}`
  return { name: `${line}: ${value.id}`, line, value }
}
