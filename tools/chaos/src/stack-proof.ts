import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  freePorts,
  onStopSignals,
  prepareTopics,
  startCluster,
  startStack,
  type Cluster,
  type Host,
  type SignalSource,
  type Stack,
} from '@tidemark/stack'
import { runFeedRound } from './feed/feed-round.ts'
import { runMetricsRound } from './metrics/metrics-round.ts'

/** Where a round of an app's proof runs. */
interface StackPlace {
  readonly host: Host
  readonly bootstrapServers: string
  /** Its one broker may be ended and started again. */
  readonly cluster: Cluster
  readonly registryUrl: string
  /** Names its topics. */
  readonly name: string
  readonly seed: number
  /** Output of the app's processes goes here. */
  readonly logDir: string
  readonly log: (line: string) => void
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
}

/** The part of Node's `process` that this needs. */
export type ProofProcess = Host &
  SignalSource & {
    readonly stdout: { write(text: string): unknown }
    readonly stderr: { write(text: string): unknown }
    exit(code: number): unknown
  }

const symbols = ['BTCUSDT', 'ETHUSDT', 'BNBUSDT', 'SOLUSDT']

/** Proofs of whole apps, on a Kafka and a registry of their own; each round resolves with its figures, and whether it kept what is promised. */
const stackProofs = {
  feed: async (place: StackPlace) => {
    const { sound, ...figures } = await runFeedRound({ ...place, seconds: 30, symbols })
    return { kept: sound, ...figures }
  },
  metrics: (place: StackPlace) =>
    runMetricsRound({
      ...place,
      symbols: [...symbols, 'XRPUSDT', 'ADAUSDT', 'DOGEUSDT', 'LTCUSDT'],
      ...{ tradesOfEach: 10_000, durationMs: 7_500_000, instances: 3, kills: 6 },
    }),
} as const

export type StackProofName = keyof typeof stackProofs
export const stackProofNames = Object.keys(stackProofs) as StackProofName[]

/** Runs rounds of a proof, a seed each. Prints a JSON summary; true where all of them kept what is promised. */
export async function runStackProof(
  process: ProofProcess,
  proof: StackProofName,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
): Promise<boolean> {
  const workDir = await mkdtemp(join(tmpdir(), `tidemark-chaos-${proof}-`))
  const giveUp = new AbortController()
  onStopSignals(process, {
    stop: () => giveUp.abort(),
    exitAtOnce: () => process.exit(1),
    nowMs: () => performance.now(),
  })
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  const common = { host: process, signal: giveUp.signal, log }
  // One broker, for nobody is to step in while it is away.
  const cluster = await startCluster({ ...common, dataDir: join(workDir, 'cluster'), brokers: 1, heapMb: 512 })
  const { bootstrapServers } = cluster
  const outcomes: { readonly kept: boolean }[] = []
  let registry: Stack | undefined
  try {
    const dataDir = join(workDir, 'registry')
    registry = await startStack({ ...common, dataDir, ports: await freePorts(), services: ['registry'] })
    const { registryUrl } = registry
    await prepareTopics({ bootstrapServers, registryUrl })
    for (let round = 0; round < rounds && !giveUp.signal.aborted; round++) {
      const name = `${proof}-${seed + round}`
      const outcome = await stackProofs[proof]({
        ...{ host: process, cluster, bootstrapServers, registryUrl, name, seed: seed + round },
        ...{ logDir: join(workDir, 'logs', name), log, nowMs: () => performance.now(), wait: (ms) => delay(ms) },
      }).catch((error: unknown) => ({ name, seed: seed + round, kept: false, error: String(error) }))
      log(JSON.stringify(outcome))
      outcomes.push(outcome)
    }
  } finally {
    await registry?.stop()
    await cluster.stop()
  }
  const kept = outcomes.length === rounds && outcomes.every((outcome) => outcome.kept)
  if (kept) await rm(workDir, { recursive: true, force: true })
  else log(`logs of the processes: ${join(workDir, 'logs')}`)
  process.stdout.write(`${JSON.stringify({ proof, kept, rounds, seed, outcomes })}\n`)
  return kept
}
