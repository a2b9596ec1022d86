import type { BenchContext } from './bench-context.ts'
import { runEqual } from './engine-bench.ts'
import { fillTopic } from './fill-topic.ts'
import { instancesBench, type InstancesOutcome } from './instances-bench.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import { buildPeer, type PeerVariant } from './peer.ts'
import { readCandles } from './read-candles.ts'
import { kafkaStreams, runJob, tidemark, type Job } from './sides.ts'
import { evenSymbols } from './trades.ts'

export interface ScaleBenchOptions {
  /** Of the measured part, for each number of symbols. */
  readonly records: number
  readonly warmUp: number
  readonly variants: readonly PeerVariant[]
  readonly limitMs: number
}

export interface ScaleOutcome {
  readonly name: 'scale'
  readonly symbols: readonly Outcome[]
  /** Processor time per record at the number of symbols where it is highest, over that where it is lowest. */
  readonly spread: number
  readonly instances: InstancesOutcome
}

const PARTITIONS = 4
const SYMBOL_COUNTS = [1, 10, 100, 1_000]
const WINDOW_MS = 10_000
/** A market of more symbols is a busier one: a window of a symbol has as many trades whatever the number of symbols. */
const TRADES_PER_WINDOW = 500

/** The reference job with more and more symbols, and with two instances instead of one. Rejects where results differ. */
export async function scaleBench(context: BenchContext, options: ScaleBenchOptions): Promise<ScaleOutcome> {
  const { log, kafka, admin } = context
  const { records, warmUp, variants, limitMs } = options
  if (variants.length > 0) await buildPeer(log)
  const outcomes: Outcome[] = []
  for (const count of SYMBOL_COUNTS) {
    const input = `scale-${count}`
    await admin.createTopics([{ name: input, partitions: PARTITIONS }])
    const stepMs = WINDOW_MS / (TRADES_PER_WINDOW * count)
    const market = { count: warmUp + records, symbols: evenSymbols(count, PARTITIONS), stepMs, seed: 1 }
    const written = await fillTopic(kafka, input, market)
    const times = { windowMs: WINDOW_MS, graceMs: 2_000, commitIntervalMs: 1_000 }
    const ends = { wallUntil: 'end', cpuUntil: 'committed', limitMs } as const
    const job: Job = { name: 'engine', input, partitions: PARTITIONS, warmUp, records: written, ...times, ...ends }
    const ours = await runJob(context, tidemark(context), job)
    const candles = await readCandles(kafka, ours.output)
    log(`${candles.size} results`)
    if (candles.size === 0) throw new Error(`${input}: tidemark has no results`)
    const tried = []
    for (const variant of variants) {
      tried.push(await runEqual(context, { contestant: kafkaStreams(context, variant), job, candles }))
    }
    outcomes.push(outcomeOf(`${count} symbols`, written - warmUp, { tidemark: ours, tried }))
  }
  const rates = outcomes.map(({ tidemark: { records_per_cpu_s } }) => records_per_cpu_s)
  const instances = await instancesBench(context, { records, warmUp })
  return { name: 'scale', symbols: outcomes, spread: Math.max(...rates) / Math.min(...rates), instances }
}
