import { createHash } from 'node:crypto'
import type { KafkaPorts } from '@tidemark/streams'
import type { BenchContext } from './bench-context.ts'
import { tradesInput, type TradesBenchOptions } from './engine-bench.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import { buildPeer } from './peer.ts'
import { kafkaStreams, runJob, tidemark, type Job } from './sides.ts'

/** Trades decoded, one field changed, and encoded again, on both sides. Rejects where the bytes that came out differ. */
export async function mapBench(context: BenchContext, options: TradesBenchOptions): Promise<Outcome> {
  const { log, kafka } = context
  const { profilePath, variants } = options
  const times = { windowMs: 0, graceMs: 0, commitIntervalMs: 1_000 }
  const job: Job = { name: 'map', ...(await tradesInput(context, options)), ...times, wallUntil: 'committed' }
  const ours = await runJob(context, tidemark(context, profilePath === undefined ? {} : { profilePath }), job)
  const written = (await digests(kafka, ours.output)).join()
  if (variants.length > 0) await buildPeer(log)
  const tried = []
  for (const variant of variants) {
    const peer = await runJob(context, kafkaStreams(context, variant), job)
    tried.push(peer)
    const theirs = (await digests(kafka, peer.output)).join()
    if (theirs !== written) throw new Error(`the two sides wrote different records: ${written}; ${theirs}`)
  }
  log('the records that came out are equal on all sides')
  return outcomeOf('map', job.records - job.warmUp, { tidemark: ours, tried })
}

/** Of each partition: how many records it has, and a hash over their keys and values in order. */
async function digests(kafka: KafkaPorts, topic: string): Promise<string[]> {
  const reader = kafka.logReader()
  const found: string[] = []
  for (const [partition, { startOffset, endOffset }] of (await reader.offsets(topic)).entries()) {
    const hash = createHash('sha256')
    let count = 0
    for await (const batch of reader.read({ topic, partition }, startOffset, endOffset)) {
      const cursor = batch.cursor()
      for (; cursor.next(); count++) {
        hash.update(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd))
        hash.update(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd))
      }
    }
    found.push(`${count} ${hash.digest('hex').slice(0, 16)}`)
  }
  await reader.close()
  return found
}
