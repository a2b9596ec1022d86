import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster, Host } from '@tidemark/stack'
import { seededChance, startFaultProxy } from '@tidemark/testing'
import { isBounded, runBacklog } from './backlog.ts'
import { faultRules, requestTimeoutMs } from './fault-rules.ts'
import { backlog, proofs, roundProofNames, type ProofSettings } from './proofs.ts'
import { runRound } from './round.ts'
import { isKept } from './verdict.ts'

/** Where a round of a proof runs. */
export interface Place {
  readonly host: Host
  readonly bootstrapServers: string
  /** Whose brokers may be ended. */
  readonly cluster?: Cluster
  readonly replicationFactor: number
  readonly workDir: string
  readonly log: (line: string) => void
  /** Names its topics and its application. */
  readonly name: string
  readonly seed: number
}

/** What came of one round; `kept`: nothing of what is promised was violated. */
export interface Outcome {
  readonly name: string
  readonly seed: number
  readonly kept: boolean
  readonly [figure: string]: unknown
}

/** One way to run a round. */
type Variant = (place: Place) => Promise<Outcome>

export const proofNames = [...roundProofNames, 'backlog'] as const
export type ProofName = (typeof proofNames)[number]

/** The ways to run a round of a proof: each round runs all of them. */
export function variantsOf(proof: ProofName): readonly Variant[] {
  if (proof === 'backlog') return [proveBacklog]
  return proofs[proof].map((settings) => (place) => proveRound(settings, place))
}

/** Runs a round, and takes one that could not be finished for one that has not kept its promises. */
export async function outcomeOf(variant: Variant, place: Place): Promise<Outcome> {
  const { name, seed } = place
  return await variant(place).catch((error: unknown) => ({ name, seed, kept: false, error: String(error) }))
}

/** Through a proxy where the faults are to be in the connections. */
export async function proveRound(settings: ProofSettings, place: Place): Promise<Outcome> {
  const { bootstrapServers, workDir, name, seed } = place
  const rules = settings.target === 'connections' ? faultRules() : []
  const proxy = await startFaultProxy({ brokers: bootstrapServers, rules, random: seededChance(seed) })
  try {
    const verdict = await runRound({
      ...settings,
      ...place,
      ...(rules.length > 0 && { instanceServers: proxy.bootstrapServers, instanceTimeoutMs: requestTimeoutMs }),
      logDir: join(workDir, 'logs', name),
      nowMs: () => performance.now(),
      wait: (ms) => delay(ms),
    })
    const faults = rules.length > 0 && { faults: proxy.stats().faults }
    const { guarantee, target, how } = settings
    return { name, seed, kept: isKept(verdict, guarantee), guarantee, target, how, ...faults, ...verdict }
  } finally {
    await proxy.close()
  }
}

async function proveBacklog({ host, bootstrapServers, replicationFactor, name, seed }: Place): Promise<Outcome> {
  const verdict = await runBacklog({ ...backlog, host, bootstrapServers, name, replicationFactor })
  const { maxBufferedBytes } = backlog
  return { name, seed, kept: isBounded(verdict, maxBufferedBytes), maxBufferedBytes, ...verdict }
}
