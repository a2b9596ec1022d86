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
  /** Of the measured part. */
  readonly records: number
  readonly records_per_s: number
  readonly tidemark: LatencySide
  readonly tried: readonly LatencySide[]
  /** The peer's latency over ours, of its configuration that is best in it; only where there is a peer. */
  readonly ratio_p50?: number
  readonly ratio_p99?: number
  readonly ratio_p999?: number
}

const PARTITIONS = 4
const SYMBOLS = evenSymbols(8, PARTITIONS)
/** Records before the measured ones: they start the job, and open no window that is measured. */
const PRIMERS = 2_000
const WARM_UP_S = 10
/** Before the load, so that all is there that it needs. */
const LEAD_MS = 1_000
/** For the last results to come, once all has been written. */
const LAST_RESULTS_MS = 30_000
const times = { windowMs: 100, graceMs: 50, commitIntervalMs: 100 }

/** Results of windows under a constant load that does not wait for anybody. */
export async function latencyBench(context: BenchContext, options: LatencyBenchOptions): Promise<LatencyOutcome> {
  const { variants, recordsPerS, seconds } = options
  if (variants.length > 0) await buildPeer(context.log)
  const ours = await measureLatency(context, tidemark(context), options)
  const tried: LatencySide[] = []
  for (const variant of variants) {
    const peer = await measureLatency(context, kafkaStreams(context, variant), options)
    if (peer.results !== ours.results) {
      throw new Error(`${peer.name} has ${peer.results} results, tidemark ${ours.results}, of the same load`)
    }
    tried.push(peer)
  }
  const ratio = (of: 'p50_ms' | 'p99_ms' | 'p999_ms') => Math.min(...tried.map((peer) => peer[of])) / ours[of]
  const ratios = { ratio_p50: ratio('p50_ms'), ratio_p99: ratio('p99_ms'), ratio_p999: ratio('p999_ms') }
  const figures = { records: recordsPerS * seconds, records_per_s: recordsPerS, tidemark: ours, tried }
  return { name: 'latency', ...figures, ...(tried.length > 0 && ratios) }
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
    // At a window's begin, so that windows have the same records on all sides.
    const startMs = Math.ceil((nowMs() + LEAD_MS) / times.windowMs) * times.windowMs
    const load = { ...times, recordsPerS, count, startMs, nowMs }
    const loop = { kafka, topic: input, symbols: SYMBOLS, partitions: PARTITIONS, ...load }
    return follow(context, `${input}-latency-${contestant.id}-output`, loop)
  }
  const [{ name, cpu_s, rss_mb }, percentiles] = await Promise.all([running, load()])
  return { name, ...percentiles, cpu_s, rss_mb }
}

/** Runs the load and reads the results beside it, until those of all closed windows have come. */
async function follow(context: BenchContext, output: string, options: OpenLoopOptions): Promise<Percentiles> {
  const { kafka, nowMs } = context
  const loop = new OpenLoop(options)
  const consumer = kafka.consumer({ groupId: `${output}-reader` })
  const nothing = () => Promise.resolve()
  consumer.subscribe([output], { assigned: nothing, revoked: nothing, lost: nothing })
  await consumer.poll(LEAD_MS / 2)
  const latencies = new Latencies()
  const fromMs = options.startMs + WARM_UP_S * 1_000
  let [found, expected, deadlineMs] = [0, Infinity, Infinity]
  const writing = loop.run().finally(() => {
    expected = loop.closedWindows(fromMs)
    deadlineMs = nowMs() + LAST_RESULTS_MS
  })
  // It is awaited below.
  writing.catch(() => undefined)
  while (found < expected && nowMs() < deadlineMs) {
    const batches = await consumer.poll(100)
    const readMs = nowMs()
    for (const batch of batches) {
      const cursor = batch.cursor()
      while (cursor.next()) {
        const decoded = candleCodec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
        if (!decoded.ok || decoded.value.startMs < fromMs) continue
        const closedMs = decoded.value.startMs + times.windowMs + times.graceMs
        const dueMs = loop.dueOfFirst(cursor.key()!.toString(), closedMs)
        if (dueMs === undefined) continue
        latencies.add(readMs - dueMs)
        found++
      }
    }
  }
  await writing
  await consumer.close()
  if (found !== expected) throw new Error(`topic ${output}: ${found} results of ${expected} windows that were closed`)
  return latencies.percentiles
}
