import { untilCommitted, type BenchContext } from './bench-context.ts'
import { writeTrades } from './fill-topic.ts'
import { candleCodec } from './jobs/candle.ts'
import { OpenLoop, type OpenLoopOptions } from './open-loop.ts'
import type { Side } from './outcome.ts'
import { buildPeer, type PeerVariant } from './peer.ts'
import { Latencies, type Percentiles } from './percentiles.ts'
import { kafkaStreams, runJob, tidemark, type Contestant, type Job } from './sides.ts'
import { evenSymbols, trades } from './trades.ts'

export interface LatencyBenchOptions {
  readonly recordsPerS: number
  readonly seconds: number
  readonly variants: readonly PeerVariant[]
  readonly limitMs: number
}

/** From when the record that closes a window was due until the window's result could be read. */
export type LatencySide = Percentiles & Pick<Side, 'name' | 'cpu_s' | 'rss_mb'>

export interface LatencyOutcome {
  readonly name: 'latency'
  readonly records_per_s: number
  readonly tidemark: LatencySide
  readonly tried: readonly LatencySide[]
}

const PARTITIONS = 4
const SYMBOLS = evenSymbols(8, PARTITIONS)
/** Records before the measured ones: they start the job, and open no window that is measured. */
const PRIMERS = 2_000
const WARM_UP_S = 10
const times = { windowMs: 100, graceMs: 50, commitIntervalMs: 100 }

/** Results of windows under a constant load that does not wait for anybody. */
export async function latencyBench(context: BenchContext, options: LatencyBenchOptions): Promise<LatencyOutcome> {
  const { variants, recordsPerS } = options
  if (variants.length > 0) await buildPeer(context.log)
  const ours = await measureLatency(context, tidemark(context), options)
  const tried = []
  for (const variant of variants) tried.push(await measureLatency(context, kafkaStreams(context, variant), options))
  return { name: 'latency', records_per_s: recordsPerS, tidemark: ours, tried }
}

async function measureLatency(
  context: BenchContext,
  contestant: Contestant,
  { recordsPerS, seconds, limitMs }: LatencyBenchOptions,
): Promise<LatencySide> {
  const { kafka, admin, nowMs } = context
  const input = `latency-${contestant.id}`
  await admin.createTopics([{ name: input, partitions: PARTITIONS }])
  const primers = trades({ count: PRIMERS, symbols: SYMBOLS, stepMs: 1, seed: 1 })
  await writeTrades(kafka, input, primers)
  const count = recordsPerS * (WARM_UP_S + seconds)
  const counts = { warmUp: PRIMERS + recordsPerS * WARM_UP_S, records: PRIMERS + count }
  const ends = { wallUntil: 'end', cpuUntil: 'end', limitMs } as const
  const job: Job = { name: 'latency', input, partitions: PARTITIONS, ...counts, ...times, ...ends }
  const running = runJob(context, contestant, job)
  const load = async () => {
    await untilCommitted(context, { groupId: `${input}-latency-${contestant.id}`, topic: input })
    const loop = { kafka, topic: input, symbols: SYMBOLS, partitions: PARTITIONS, recordsPerS, count, nowMs }
    return follow(context, `${input}-latency-${contestant.id}-output`, loop)
  }
  const [{ name, cpu_s, rss_mb }, percentiles] = await Promise.all([running, load()])
  return { name, ...percentiles, cpu_s, rss_mb }
}

/** Runs the load and reads the results beside it. */
async function follow(context: BenchContext, output: string, options: OpenLoopOptions): Promise<Percentiles> {
  const { kafka, nowMs } = context
  const loop = new OpenLoop(options)
  const consumer = kafka.consumer({ groupId: `${output}-reader` })
  const nothing = () => Promise.resolve()
  consumer.subscribe([output], { assigned: nothing, revoked: nothing, lost: nothing })
  await consumer.poll(1_000)
  const latencies = new Latencies()
  const fromMs = nowMs() + WARM_UP_S * 1_000
  let written = false
  const writing = loop.run().then(() => (written = true))
  while (!written) {
    const batches = await consumer.poll(100)
    const readMs = nowMs()
    for (const batch of batches) {
      const cursor = batch.cursor()
      while (cursor.next()) {
        const decoded = candleCodec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
        if (!decoded.ok || decoded.value.startMs < fromMs) continue
        const closedMs = decoded.value.startMs + times.windowMs + times.graceMs
        const dueMs = loop.dueOfFirst(cursor.key()!.toString(), closedMs)
        if (dueMs !== undefined) latencies.add(readMs - dueMs)
      }
    }
  }
  await writing
  await consumer.close()
  return latencies.percentiles
}
