import { jsonCodec, stream } from '@tidemark/streams'
import { tumbling, type Aggregator } from '@tidemark/windowing'
import { judge, type Named } from '../verdict.ts'
import { isObject, sampleCodec, type Job, type Keyed, type Sample } from './job.ts'
import { samplesInOrder } from './samples.ts'

/** What came of one key's window. Amounts are whole, so that sums are exact however they are added. */
export interface SampleWindow {
  readonly startMs: number
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly sequences: number
}

const WINDOW_MS = 1_000
const GRACE_MS = 200

const sampleWindowCodec = jsonCodec<SampleWindow>(isObject)

type Folded = Omit<SampleWindow, 'startMs'>

const fold: Aggregator<Sample, Folded, SampleWindow> = {
  init: () => ({ count: 0, sum: 0, min: Number.MAX_SAFE_INTEGER, max: Number.MIN_SAFE_INTEGER, sequences: 0 }),
  add: ({ count, sum, min, max, sequences }, { amount, sequence }) => ({
    count: count + 1,
    sum: sum + amount,
    min: Math.min(min, amount),
    max: Math.max(max, amount),
    sequences: sequences + sequence,
  }),
  result: (folded, { window }) => ({ startMs: window.startMs, ...folded }),
}

/** Records folded into windows of their key. */
export const windowsJob: Job = {
  topology: ({ input, output }) =>
    stream(input, sampleCodec, { timestampMs: (sample) => sample.timestampMs, clock: 'key' })
      .groupByKey()
      .window(tumbling({ sizeMs: WINDOW_MS, graceMs: GRACE_MS }))
      .aggregate(fold, { emit: 'on-close' })
      .to(output, sampleWindowCodec),
  load: samplesInOrder,
  judge: async (written, readOutput) =>
    judge(
      expectedWindows(written).map(([key, value]) => named(key, value)),
      (await readOutput(sampleWindowCodec)).map(({ key, value }) => named(key.toString(), value)),
    ),
}

function named(key: string, value: SampleWindow): Named<SampleWindow> {
  return { name: `${key} ${value.startMs}`, line: key, value }
}

/** The same windows, recomputed in one go from all samples of all keys, in the order of their starts. */
export function expectedWindows(samples: Iterable<Keyed<Sample>>): (readonly [key: string, window: SampleWindow])[] {
  const windows = new Map<string, readonly [key: string, window: SampleWindow]>()
  for (const { key: keyBytes, value } of samples) {
    const { timestampMs, amount, sequence } = value
    const key = keyBytes.toString()
    const startMs = Math.floor(timestampMs / WINDOW_MS) * WINDOW_MS
    const before = windows.get(`${key} ${startMs}`)?.[1]
    const window = {
      startMs,
      count: (before?.count ?? 0) + 1,
      sum: (before?.sum ?? 0) + amount,
      min: Math.min(before?.min ?? amount, amount),
      max: Math.max(before?.max ?? amount, amount),
      sequences: (before?.sequences ?? 0) + sequence,
    }
    windows.set(`${key} ${startMs}`, [key, window])
  }
  return [...windows.values()].sort(([, one], [, other]) => one.startMs - other.startMs)
}
