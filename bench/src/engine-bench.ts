import type { BenchContext } from './bench-context.ts'
import { differences, type Candles } from './compare-candles.ts'
import { fillTopic } from './fill-topic.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import { buildPeer, type PeerVariant } from './peer.ts'
import { readCandles } from './read-candles.ts'
import { quixStreams } from './second-peer.ts'
import { kafkaStreams, leaveProfile, runJob, tidemark, type Contestant, type Job, type RunSide } from './sides.ts'
import { evenSymbols } from './trades.ts'

export interface TradesBenchOptions {
  /** Of the measured part. */
  readonly records: number
  readonly warmUp: number
  /** Where a CPU profile of our side's measured part is written to, of a run of its own, which is not the measured one. */
  readonly profilePath?: string
  /** Configurations of the peer to try; none leaves it out. */
  readonly variants: readonly PeerVariant[]
  /** Of `engine`: runs the second peer too. */
  readonly secondPeer?: boolean
  readonly limitMs: number
}

const PARTITIONS = 4
const SYMBOLS = 8
const STEP_MS = 1
const SEED = 1
const input = 'bench-trades'

/** The reference job on both sides, one after the other, over the same topic. Rejects where their results differ. */
export async function engineBench(context: BenchContext, options: TradesBenchOptions): Promise<Outcome> {
  const { log, kafka } = context
  const { profilePath, variants, secondPeer = false } = options
  const times = { windowMs: 10_000, graceMs: 2_000, commitIntervalMs: 1_000 }
  const job: Job = { name: 'engine', ...(await tradesInput(context, options)), ...times, wallUntil: 'end' }
  const ours = await runJob(context, tidemark(context), job)
  if (profilePath !== undefined) await leaveProfile(context, profilePath, job)
  const candles = await readCandles(kafka, ours.output)
  if (candles.size === 0) throw new Error('tidemark has no results')
  const equalRun = (contestant: Contestant) => runEqual(context, { contestant, job, candles })
  if (variants.length > 0) await buildPeer(log)
  const tried = []
  for (const variant of variants) tried.push(await equalRun(kafkaStreams(context, variant)))
  const second = secondPeer ? await equalRun(await quixStreams(context)) : undefined
  const alone = tried.length === 0 && second === undefined
  log(`${candles.size} results${alone ? '' : ', equal on all sides'}`)
  return outcomeOf('engine', job.records - job.warmUp, { tidemark: ours, tried, second })
}

/** Runs a job of windows on a side. Rejects where its results are not the ones given, which are of our side. */
export async function runEqual(
  context: BenchContext,
  { contestant, job, candles }: { readonly contestant: Contestant; readonly job: Job; readonly candles: Candles },
): Promise<RunSide> {
  const side = await runJob(context, contestant, job)
  const differing = differences(candles, await readCandles(context.kafka, side.output))
  if (differing.length === 0) return side
  throw new Error(`${contestant.name} has other results than tidemark:\n${differing.join('\n')}`)
}

/** Writes the market that `engine` and `map` read, and says what a job has to know of it. */
export async function tradesInput({ log, kafka, admin }: BenchContext, options: TradesBenchOptions) {
  const { warmUp, records, limitMs } = options
  await admin.createTopics([{ name: input, partitions: PARTITIONS }])
  log(`writing ${warmUp} trades to warm up and ${records} to measure …`)
  const symbols = evenSymbols(SYMBOLS, PARTITIONS)
  const written = await fillTopic(kafka, input, { count: warmUp + records, symbols, stepMs: STEP_MS, seed: SEED })
  return { input, partitions: PARTITIONS, warmUp, records: written, limitMs, cpuUntil: 'committed' } as const
}
