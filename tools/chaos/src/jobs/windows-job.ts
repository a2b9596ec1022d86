import { jsonCodec, stream } from '@tidemark/streams'
import { combine, count, max, min, sum, tumbling } from '@tidemark/windowing'
import { judge, type Named } from '../verdict.ts'
import { isObject, sampleCodec, type Job, type Keyed, type Sample } from './job.ts'
import { samplesInOrder } from './samples.ts'

/** What came of one key's window. Amounts are no whole numbers: a sum that is rounded on the way depends on their order. */
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

const amountOf = ({ amount }: Sample): number => amount
const folds = combine({
  count: count(),
  sum: sum(amountOf),
  min: min(amountOf),
  max: max(amountOf),
  sequences: sum(({ sequence }: Sample) => sequence),
})

/** Records folded into windows of their key. */
export const windowsJob: Job = {
  topology: ({ input, output }) =>
    stream(input, sampleCodec, { timestampMs: (sample) => sample.timestampMs, clock: 'key' })
      .groupByKey()
      .window(tumbling({ sizeMs: WINDOW_MS, graceMs: GRACE_MS }))
      .aggregate(
        {
          ...folds,
          result: (folded, context) => ({ startMs: context.window.startMs, ...folds.result(folded, context) }),
        },
        { emit: 'on-close' },
      )
      .to(output, sampleWindowCodec),
  load: (random) => samplesInOrder(random, unevenAmount),
  judge: async (written, readOutput) =>
    judge(
      expectedWindows(written).map(([key, value]) => named(key, value)),
      (await readOutput(sampleWindowCodec)).map(({ key, value }) => named(key.toString(), value)),
    ),
}

function named(key: string, value: SampleWindow): Named<SampleWindow> {
  return { name: `${key} ${value.startMs}`, line: key, value }
}

/** Amounts are whole multiples of 2^-SCALE_BITS, and below 2^(MOST_BITS - SCALE_BITS + 32). */
const SCALE_BITS = 40
const MOST_BITS = 48

/** Of very different sizes, each with 32 binary digits: what is added to a large one is rounded. */
function unevenAmount(random: () => number): number {
  const exponent = Math.floor(random() * MOST_BITS) - (SCALE_BITS - 32)
  return (random() - 0.5) * 2 ** exponent
}

/** The double nearest to the true sum, by whole numbers: no part of the engine is asked. */
function trueSum(amounts: readonly number[]): number {
  const units = amounts.reduce((total, amount) => total + BigInt(amount * 2 ** SCALE_BITS), 0n)
  return Number(units) / 2 ** SCALE_BITS
}

/** The same windows, recomputed in one go from all samples of all keys, in the order of their starts. */
export function expectedWindows(samples: Iterable<Keyed<Sample>>): (readonly [key: string, window: SampleWindow])[] {
  const startOf = ({ timestampMs }: Sample) => Math.floor(timestampMs / WINDOW_MS) * WINDOW_MS
  const windows = Map.groupBy(samples, ({ key, value }) => `${key.toString()} ${startOf(value)}`)
  return [...windows.values()]
    .map((all) => {
      const [{ key, value: some }] = all as [Keyed<Sample>, ...Keyed<Sample>[]]
      const amounts = all.map(({ value }) => value.amount)
      const window = {
        startMs: startOf(some),
        count: all.length,
        sum: trueSum(amounts),
        min: Math.min(...amounts),
        max: Math.max(...amounts),
        sequences: all.reduce((total, { value }) => total + value.sequence, 0),
      }
      return [key.toString(), window] as const
    })
    .sort(([, one], [, other]) => one.startMs - other.startMs)
}
