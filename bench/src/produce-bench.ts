import type { BenchContext } from './bench-context.ts'
import { digests } from './digests.ts'
import type { TradesBenchOptions } from './engine-bench.ts'
import { writeTrades } from './fill-topic.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import { buildPeer } from './peer.ts'
import { kafkaStreams, runJob, tidemark, type Job } from './sides.ts'
import { evenSymbols, trades } from './trades.ts'

export interface ProduceOutcome {
  readonly name: 'produce'
  readonly modes: readonly Outcome[]
}

const PARTITIONS = 4
const input = 'bench-pool'
/** Trades that are produced over and over. */
const POOL = { count: 20_000, symbols: evenSymbols(8, PARTITIONS), stepMs: 1, seed: 1 }
const modes = [
  { compression: 'none', transactional: false },
  { compression: 'lz4', transactional: false },
  { compression: 'zstd', transactional: false },
  { compression: 'none', transactional: true },
  { compression: 'lz4', transactional: true },
]

/** Trades encoded and produced, beside the Java producer. Rejects where the records that were written differ. */
export async function produceBench(context: BenchContext, options: TradesBenchOptions): Promise<ProduceOutcome> {
  const { log, kafka, admin } = context
  const { records, warmUp, variants, limitMs } = options
  if (variants.length > 0) await buildPeer(log)
  await admin.createTopics([{ name: input, partitions: 1 }])
  await writeTrades(kafka, input, trades(POOL))
  const outcomes: Outcome[] = []
  for (const mode of modes) {
    const name = `produce ${mode.compression}, ${mode.transactional ? 'transactional' : 'idempotent'}`
    const job: Job = {
      name: 'produce',
      variant: `${mode.compression}-${mode.transactional}`,
      ...mode,
      input,
      partitions: PARTITIONS,
      warmUp,
      records: warmUp + records,
      windowMs: 0,
      graceMs: 0,
      commitIntervalMs: 0,
      wallUntil: 'end',
      cpuUntil: 'end',
      untilCommitted: () => Promise.resolve(),
      limitMs,
    }
    const ours = await runJob(context, tidemark(context), job)
    const written = (await digests(kafka, ours.output)).join()
    const tried = []
    for (const variant of variants) {
      const peer = await runJob(context, kafkaStreams(context, variant), job)
      tried.push({ ...peer, name: `Java producer, ${variant.heapMb} MB` })
      const theirs = (await digests(kafka, peer.output)).join()
      if (theirs !== written) throw new Error(`${name}: different records: ${written}; ${theirs}`)
    }
    outcomes.push(outcomeOf(name, records, { tidemark: ours, tried }))
  }
  log('the records that were written are equal on both sides')
  return { name: 'produce', modes: outcomes }
}
