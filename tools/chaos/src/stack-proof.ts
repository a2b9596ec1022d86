import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts, onStopSignals, prepareTopics, startStack, type Host, type SignalSource } from '@tidemark/stack'
import { runFeedRound } from './feed/feed-round.ts'
import { runMetricsRound } from './metrics/metrics-round.ts'

/** Where a round of an app's proof runs. */
interface StackPlace {
  readonly host: Host
  readonly bootstrapServers: string
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
  const stack = await startStack({
    host: process,
    dataDir: join(workDir, 'stack'),
    ports: await freePorts(),
    services: ['kafka', 'registry'],
    signal: giveUp.signal,
    log,
  })
  const { bootstrapServers, registryUrl } = stack
  const outcomes: { readonly kept: boolean }[] = []
  try {
    await prepareTopics(stack)
    for (let round = 0; round < rounds && !giveUp.signal.aborted; round++) {
      const name = `${proof}-${seed + round}`
      const outcome = await stackProofs[proof]({
        ...{ host: process, bootstrapServers, registryUrl, name, seed: seed + round },
        ...{ logDir: join(workDir, 'logs', name), log, nowMs: () => performance.now(), wait: (ms) => delay(ms) },
      }).catch((error: unknown) => ({ name, seed: seed + round, kept: false, error: String(error) }))
      log(JSON.stringify(outcome))
      outcomes.push(outcome)
    }
  } finally {
    await stack.stop()
  }
  const kept = outcomes.length === rounds && outcomes.every((outcome) => outcome.kept)
  if (kept) await rm(workDir, { recursive: true, force: true })
  else log(`logs of the processes: ${join(workDir, 'logs')}`)
  process.stdout.write(`${JSON.stringify({ proof, kept, rounds, seed, outcomes })}\n`)
  return kept
}
