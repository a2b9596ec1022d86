import type { BenchContext } from './bench-context.ts'
import { differences } from './compare-candles.ts'
import { fillTopic } from './fill-topic.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import { buildPeer, type PeerVariant } from './peer.ts'
import { readCandles } from './read-candles.ts'
import { runPeer, runTidemark, type Job } from './sides.ts'
import { evenSymbols } from './trades.ts'

export interface EngineBenchOptions {
  /** Of the measured part. */
  readonly records: number
  readonly warmUp: number
  /** Where a CPU profile of our side's measured part is written to. */
  readonly profilePath?: string
  /** Configurations of the peer to try; none leaves it out. */
  readonly variants: readonly PeerVariant[]
  readonly limitMs: number
}

const PARTITIONS = 4
const SYMBOLS = 8
const STEP_MS = 1
const SEED = 1
const input = 'bench-trades'

/** The reference job on both sides, one after the other, over the same topic. Rejects where their results differ. */
export async function engineBench(context: BenchContext, options: EngineBenchOptions): Promise<Outcome> {
  const { log, kafka } = context
  const { profilePath, variants, limitMs, warmUp } = options
  const times = { windowMs: 10_000, graceMs: 2_000, commitIntervalMs: 1_000 }
  const records = await fillTrades(context, options)
  const job: Job = {
    name: 'engine',
    input,
    partitions: PARTITIONS,
    warmUp,
    records,
    ...times,
    wallUntil: 'last-record',
    limitMs,
  }
  const tidemark = await runTidemark(context, job, profilePath === undefined ? {} : { profilePath })
  const ours = await readCandles(kafka, tidemark.output)
  if (variants.length > 0) await buildPeer(log)
  const tried = []
  for (const variant of variants) {
    const peer = await runPeer(context, job, variant)
    tried.push(peer)
    const differing = differences(ours, await readCandles(kafka, peer.output))
    if (differing.length > 0) throw new Error(`the two sides have different results:\n${differing.join('\n')}`)
  }
  log(`${ours.size} results, equal on all sides`)
  return outcomeOf('engine', records - warmUp, { tidemark, tried })
}

/** Writes the market that `engine` and `map` read. Returns how many records it has. */
export async function fillTrades(
  { log, kafka, admin }: BenchContext,
  { warmUp, records }: Pick<EngineBenchOptions, 'warmUp' | 'records'>,
): Promise<number> {
  await admin.createTopics([{ name: input, partitions: PARTITIONS }])
  log(`writing ${warmUp} trades to warm up and ${records} to measure …`)
  const symbols = evenSymbols(SYMBOLS, PARTITIONS)
  return fillTopic(kafka, input, { count: warmUp + records, symbols, stepMs: STEP_MS, seed: SEED })
}
