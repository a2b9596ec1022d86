import { join } from 'node:path'
import { startCluster, type Cluster } from '@tidemark/stack'
import { seededChance, startFaultProxy, type FaultRule } from '@tidemark/testing'
import { isBounded, runBacklog } from './backlog.ts'
import { faultRules, faultRulesOfTurn, neverStruck, requestTimeoutMs, type Swept } from './fault-rules.ts'
import { proveRounds, proving, type Outcome, type ProofHost, type RoundPlace, type Rounds } from './proof-run.ts'
import { backlog, proofs, roundProofNames, type BacklogSettings, type ProofSettings } from './proofs.ts'
import { runRound } from './round.ts'
import { isKept } from './verdict.ts'

/** Where a round of a proof of the engine runs. */
export interface Place extends RoundPlace {
  /** Whose brokers may be ended. */
  readonly cluster?: Cluster
  readonly replicationFactor: number
}

export const proofNames = [...roundProofNames, 'backlog'] as const
export type ProofName = (typeof proofNames)[number]

/** So many rounds show every kind of fault. */
const WHOLE_SWEEP_ROUNDS = 3

/** Runs rounds of proofs of the engine on one cluster of three brokers; true where all of them kept what is promised. */
export async function proveEngine(host: ProofHost, names: readonly ProofName[], rounds: Rounds): Promise<boolean> {
  return await proving(host, async (lent) => {
    const { process, workDir, signal, log } = lent
    const cluster = await startCluster({ host: process, dataDir: join(workDir, 'cluster'), signal, log })
    const { bootstrapServers } = cluster
    try {
      let kept = true
      for (const name of names) {
        const variants = variantsOf(name).map(
          (variant) => (place: RoundPlace) => variant({ ...place, cluster, replicationFactor: 3 }),
        )
        const isSwept = name === 'proxy' && rounds.rounds >= WHOLE_SWEEP_ROUNDS
        const unproven = (outcomes: readonly Outcome[]) =>
          isSwept ? neverStruck(outcomes.flatMap(({ swept }) => (swept === undefined ? [] : [swept as Swept]))) : []
        kept = (await proveRounds(lent, name, { ...rounds, bootstrapServers, variants, unproven })) && kept
      }
      return kept
    } finally {
      await cluster.stop()
    }
  })
}

/** The ways to run a round of a proof: each round runs all of them. */
function variantsOf(proof: ProofName): readonly ((place: Place) => Promise<Outcome>)[] {
  if (proof === 'backlog') return [(place) => proveBacklog(backlog, place)]
  // The variants of a round are two turns apart, so that those of a sweep come to every kind of fault sooner.
  return proofs[proof].map(
    (settings, index) => (place) => proveRound(settings, place, faultRulesOfTurn(place.seed + 2 * index)),
  )
}

/** Through a proxy where the faults are to be in the connections: those given and, behind them, those of chance. */
export async function proveRound(
  settings: ProofSettings,
  place: Place,
  firstRules: readonly FaultRule[] = [],
): Promise<Outcome> {
  const { bootstrapServers, name, seed } = place
  const rules = settings.target === 'connections' ? [...firstRules, ...faultRules()] : []
  const proxy = await startFaultProxy({ brokers: bootstrapServers, rules, random: seededChance(seed) })
  try {
    const verdict = await runRound({
      ...settings,
      ...place,
      ...(rules.length > 0 && { instanceServers: proxy.bootstrapServers, instanceTimeoutMs: requestTimeoutMs }),
    })
    const { requests, faults } = proxy.stats()
    const swept = rules.length > 0 && { swept: { requests, faults } satisfies Swept }
    const { guarantee, target, how } = settings
    // Without a result while there was load, nothing was there to be disturbed.
    const kept = isKept(verdict, settings) && verdict.readUnderLoad > 0
    return { name, seed, kept, guarantee, target, how, ...swept, ...verdict }
  } finally {
    await proxy.close()
  }
}

/** A backlog before a slow sink. */
export async function proveBacklog(
  settings: BacklogSettings,
  { host, bootstrapServers, replicationFactor, name, seed }: Place,
): Promise<Outcome> {
  const verdict = await runBacklog({ ...settings, host, bootstrapServers, name, replicationFactor })
  const { maxBufferedBytes } = settings
  return { name, seed, kept: isBounded(verdict, maxBufferedBytes), maxBufferedBytes, ...verdict }
}
