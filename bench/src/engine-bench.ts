import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { untilCommitted, type BenchContext } from './bench-context.ts'
import { differences } from './compare-candles.ts'
import { fillTopic } from './fill-topic.ts'
import { jobArguments, type JobSettings } from './job-settings.ts'
import { measure } from './measured-process.ts'
import { outcomeOf, sideOf, type Outcome, type Side } from './outcome.ts'
import { buildPeer, peerArguments, type PeerVariant } from './peer.ts'
import { readCandles } from './read-candles.ts'
import { evenSymbols } from './trades.ts'

export interface EngineBenchOptions {
  /** Of the measured part. */
  readonly records: number
  readonly warmUp: number
  readonly symbols: number
  /** A folder for a CPU profile of the measured part of our side. */
  readonly profileDir?: string
  /** Configurations of the peer to try; none leaves it out. */
  readonly variants: readonly PeerVariant[]
  readonly limitMs: number
}

const PARTITIONS = 4
const WINDOW_MS = 10_000
const GRACE_MS = 2_000
const COMMIT_INTERVAL_MS = 1_000
const STEP_MS = 1
const SEED = 1
const input = 'bench-trades'
const program = fileURLToPath(new URL('bin/engine.ts', import.meta.url))

/** The reference job on both sides, one after the other, over the same topic. */
export async function engineBench(context: BenchContext, options: EngineBenchOptions): Promise<Outcome | Side> {
  const { log, kafka, admin, host } = context
  const { records, warmUp, symbols, profileDir, variants } = options
  if (variants.length > 0) await buildPeer(log)
  await admin.createTopics([{ name: input, partitions: PARTITIONS }])
  log(`writing ${warmUp} trades to warm up and ${records} to measure …`)
  const market = { count: warmUp + records, symbols: evenSymbols(symbols, PARTITIONS), stepMs: STEP_MS, seed: SEED }
  const written = await fillTopic(kafka, input, market)
  const job = {
    input,
    warmUp,
    records: written,
    windowMs: WINDOW_MS,
    graceMs: GRACE_MS,
    commitIntervalMs: COMMIT_INTERVAL_MS,
  }
  const measured = written - warmUp

  const side = async (name: string, applicationId: string, command: readonly [string, ...string[]]): Promise<Side> => {
    log(`running ${name} …`)
    const settings = { ...job, applicationId, output: `${applicationId}-candles` }
    await admin.createTopics([
      { name: settings.output, partitions: PARTITIONS },
      { name: `${applicationId}-dlq`, partitions: 1 },
    ])
    const [program, ...args] = command
    const figures = await measure({
      command: program,
      args: [...args, ...jobArguments({ ...settings, bootstrapServers: context.bootstrapServers })],
      untilCommitted: () => untilCommitted(context, applicationId, input),
      limitMs: options.limitMs,
    })
    return sideOf(name, measured, figures)
  }
  const profile: Partial<JobSettings> = profileDir === undefined ? {} : { profileDir }
  const node = [host.execPath, '--conditions=@tidemark/source', program, ...jobArguments(profile)] as const
  const tidemark = await side('tidemark', 'bench-tidemark', [...node])
  if (variants.length === 0) return tidemark
  const ours = await readCandles(kafka, 'bench-tidemark-candles')
  const tried: Side[] = []
  for (const { store, heapMb } of variants) {
    const applicationId = `bench-peer-${store}-${heapMb}`
    const stateDir = join(context.workDir, applicationId)
    const java = ['java', ...peerArguments('engine', heapMb), ...jobArguments({ store, stateDir })] as const
    tried.push(await side(`Kafka Streams, ${store}, ${heapMb} MB`, applicationId, [...java]))
    const differing = differences(ours, await readCandles(kafka, `${applicationId}-candles`))
    if (differing.length > 0) throw new Error(`the two sides have different results:\n${differing.join('\n')}`)
  }
  log(`all ${ours.size} results are equal`)
  return outcomeOf('engine', measured, { tidemark, tried })
}
