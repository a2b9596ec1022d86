import type { BenchContext } from './bench-context.ts'
import { digests } from './digests.ts'
import { tradesInput, type TradesBenchOptions } from './engine-bench.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import { buildPeer } from './peer.ts'
import { kafkaStreams, leaveProfile, runJob, tidemark, type Job } from './sides.ts'

/** Trades decoded, one field changed, and encoded again, on both sides. Rejects where the bytes that came out differ. */
export async function mapBench(context: BenchContext, options: TradesBenchOptions): Promise<Outcome> {
  const { log, kafka } = context
  const { profilePath, variants } = options
  const times = { windowMs: 0, graceMs: 0, commitIntervalMs: 1_000 }
  const job: Job = { name: 'map', ...(await tradesInput(context, options)), ...times, wallUntil: 'committed' }
  const ours = await runJob(context, tidemark(context), job)
  if (profilePath !== undefined) await leaveProfile(context, profilePath, job)
  const written = (await digests(kafka, ours.output)).join()
  if (variants.length > 0) await buildPeer(log)
  const tried = []
  for (const variant of variants) {
    const peer = await runJob(context, kafkaStreams(context, variant), job)
    tried.push(peer)
    const theirs = (await digests(kafka, peer.output)).join()
    if (theirs !== written) throw new Error(`the two sides wrote different records: ${written}; ${theirs}`)
  }
  if (tried.length > 0) log('the records that came out are equal on all sides')
  return outcomeOf('map', job.records - job.warmUp, { tidemark: ours, tried })
}
