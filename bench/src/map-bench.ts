import { createHash } from 'node:crypto'
import type { KafkaPorts } from '@tidemark/streams'
import type { BenchContext } from './bench-context.ts'
import { fillTrades, type EngineBenchOptions } from './engine-bench.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import { buildPeer } from './peer.ts'
import { runPeer, runTidemark, type Job } from './sides.ts'

/** Trades decoded, one field changed, and encoded again, on both sides. Rejects where the bytes that came out differ. */
export async function mapBench(context: BenchContext, options: EngineBenchOptions): Promise<Outcome> {
  const { log, kafka } = context
  const { profilePath, variants, limitMs, warmUp } = options
  const times = { windowMs: 0, graceMs: 0, commitIntervalMs: 1_000 }
  const records = await fillTrades(context, options)
  const topic = { input: 'bench-trades', partitions: 4, warmUp, records }
  const job: Job = { name: 'map', ...topic, ...times, wallUntil: 'committed', limitMs }
  const tidemark = await runTidemark(context, job, profilePath === undefined ? {} : { profilePath })
  const ours = await digests(kafka, tidemark.output)
  if (variants.length > 0) await buildPeer(log)
  const tried = []
  for (const variant of variants) {
    const peer = await runPeer(context, job, variant)
    tried.push(peer)
    const theirs = await digests(kafka, peer.output)
    if (theirs.join() !== ours.join())
      throw new Error(`the two sides wrote different records: ${ours.join()}, ${theirs.join()}`)
  }
  log('the records that came out are equal on all sides')
  return outcomeOf('map', records - warmUp, { tidemark, tried })
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
