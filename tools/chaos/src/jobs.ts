import { jsonCodec, stream, type Topology } from '@tidemark/streams'
import { tumbling, type Aggregator } from '@tidemark/windowing'

/** A record of the load: its key's sequence numbers are contiguous from 0 on, so that nothing can be missing unnoticed. */
export interface Sample {
  readonly sequence: number
  readonly timestampMs: number
  readonly amount: number
}

/** What came of one key's window. Amounts are whole, so that sums are exact however they are added. */
export interface SampleWindow {
  readonly startMs: number
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly sequences: number
}

export const WINDOW_MS = 1_000
export const GRACE_MS = 200

const isObject = (json: unknown) => (typeof json === 'object' && json !== null ? undefined : 'not an object')
export const sampleCodec = jsonCodec<Sample>(isObject)
export const sampleWindowCodec = jsonCodec<SampleWindow>(isObject)

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

export const jobNames = ['copy', 'windows'] as const
export type JobName = (typeof jobNames)[number]

export interface JobTopics {
  readonly input: string
  readonly output: string
}

/** What the instances run: records copied as they are, or folded into windows of their key. */
export function job(name: JobName, { input, output }: JobTopics): Topology {
  const samples = stream(input, sampleCodec, { timestampMs: (sample) => sample.timestampMs, clock: 'key' })
  if (name === 'copy') return samples.to(output, sampleCodec)
  return samples
    .groupByKey()
    .window(tumbling({ sizeMs: WINDOW_MS, graceMs: GRACE_MS }))
    .aggregate(fold, { emit: 'on-close' })
    .to(output, sampleWindowCodec)
}

/** The same windows, recomputed in one go from all samples of all keys, in the order in which they were written. */
export function recomputeWindows(samples: Iterable<readonly [key: string, sample: Sample]>): Map<string, SampleWindow> {
  const windows = new Map<string, SampleWindow>()
  for (const [key, { timestampMs, amount, sequence }] of samples) {
    const startMs = Math.floor(timestampMs / WINDOW_MS) * WINDOW_MS
    const before = windows.get(`${key} ${startMs}`)
    windows.set(`${key} ${startMs}`, {
      startMs,
      count: (before?.count ?? 0) + 1,
      sum: (before?.sum ?? 0) + amount,
      min: Math.min(before?.min ?? amount, amount),
      max: Math.max(before?.max ?? amount, amount),
      sequences: (before?.sequences ?? 0) + sequence,
    })
  }
  return windows
}
