import { join } from 'node:path'
import { freePorts, prepareTopics, startCluster, startStack, type Cluster, type Stack } from '@tidemark/stack'
import { runFeedRound } from './feed/feed-round.ts'
import { neverMet, type Met } from './feed/never-met.ts'
import { runMetricsRound } from './metrics/metrics-round.ts'
import { proveRounds, proving, type Outcome, type ProofHost, type RoundPlace, type Rounds } from './proof-run.ts'

/** Where a round of an app's proof runs. */
interface StackPlace extends RoundPlace {
  /** Its one broker may be ended and started again. */
  readonly cluster: Cluster
  readonly registryUrl: string
}

const symbols = ['BTCUSDT', 'ETHUSDT', 'BNBUSDT', 'SOLUSDT']

/** Proofs of whole apps, on a Kafka and a registry of their own; each round resolves with its figures, and whether it kept what is promised. */
const stackProofs = {
  feed: (place: StackPlace) => proveFeed(place, false),
  'feed-left-out': (place: StackPlace) => proveFeed(place, true),
  metrics: async (place: StackPlace): Promise<Outcome> => ({
    ...(await runMetricsRound({
      ...place,
      symbols: [...symbols, 'XRPUSDT', 'ADAUSDT', 'DOGEUSDT', 'LTCUSDT'],
      ...{ tradesOfEach: 10_000, durationMs: 7_500_000, instances: 3, kills: 6 },
    })),
  }),
} as const

async function proveFeed(place: StackPlace, leavesOut: boolean): Promise<Outcome> {
  const { sound, ...figures } = await runFeedRound({ ...place, seconds: 30, symbols, leavesOut })
  // Without a heartbeat there is none to be contradicted.
  return { kept: sound && figures.heartbeats > 0, ...figures }
}

export type StackProofName = keyof typeof stackProofs
export const stackProofNames = Object.keys(stackProofs) as StackProofName[]

/** Runs rounds of a proof of an app; true where all of them kept what is promised. */
export async function proveStack(host: ProofHost, proof: StackProofName, rounds: Rounds): Promise<boolean> {
  return await proving(host, async (lent) => {
    const { process, workDir, signal, log } = lent
    const common = { host: process, signal, log }
    // One broker, for nobody is to step in while it is away.
    const cluster = await startCluster({ ...common, dataDir: join(workDir, 'cluster'), brokers: 1, heapMb: 512 })
    const { bootstrapServers } = cluster
    let registry: Stack | undefined
    try {
      const dataDir = join(workDir, 'registry')
      registry = await startStack({ ...common, dataDir, ports: await freePorts(), services: ['registry'] })
      const { registryUrl } = registry
      await prepareTopics({ bootstrapServers, registryUrl })
      const variant = (place: RoundPlace) => stackProofs[proof]({ ...place, cluster, registryUrl })
      const unproven = (outcomes: readonly Outcome[]) =>
        proof === 'metrics' ? [] : neverMet(outcomes as readonly Met[], proof === 'feed-left-out')
      return await proveRounds(lent, proof, { ...rounds, bootstrapServers, variants: [variant], unproven })
    } finally {
      await registry?.stop()
      await cluster.stop()
    }
  })
}
