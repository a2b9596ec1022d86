import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Host } from '@tidemark/stack'

/** Where a round runs, whatever it proves. */
export interface RoundPlace {
  readonly host: Host
  readonly bootstrapServers: string
  /** Names its topics and its application. */
  readonly name: string
  readonly seed: number
  /** Output of the processes that it starts goes here. */
  readonly logDir: string
  readonly log: (line: string) => void
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
}

/** What came of one round; `kept`: nothing of what is promised was violated. */
export interface Outcome {
  readonly name: string
  readonly seed: number
  readonly kept: boolean
  readonly [figure: string]: unknown
}

/** One way to run a round: rejects where it could not be finished. */
export type Variant = (place: RoundPlace) => Promise<Outcome>

export interface Rounds {
  readonly rounds: number
  /** Of the first round; the next one has the next seed. */
  readonly seed: number
}

/** The part of Node's `process` that this needs. */
export type ProofProcess = Host & {
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/** What all proofs of a process share. */
export interface ProofHost {
  readonly process: ProofProcess
  /** Aborts when the process is asked to end: the round under way is the last one. */
  readonly signal: AbortSignal
}

/** What a proof is lent. */
export interface Proving extends ProofHost {
  readonly workDir: string
  readonly log: (line: string) => void
}

/** Lends a directory to `run`, which resolves with whether all promises were kept: it stays where one was not. */
export async function proving(host: ProofHost, run: (lent: Proving) => Promise<boolean>): Promise<boolean> {
  if (host.signal.aborted) return false
  const workDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-'))
  const log = (line: string): void => void host.process.stderr.write(`${line}\n`)
  let kept = false
  try {
    kept = await run({ ...host, workDir, log })
  } finally {
    if (kept) await rm(workDir, { recursive: true, force: true })
    else log(`logs of the processes: ${join(workDir, 'logs')}`)
  }
  return kept
}

export interface RoundsOptions extends Rounds {
  readonly bootstrapServers: string
  readonly variants: readonly Variant[]
  /** What all rounds together should have met with and have not; nothing if left out. */
  readonly unproven?: (outcomes: readonly Outcome[]) => readonly string[]
}

/**
 * Runs all variants of a proof in each round, and prints a JSON summary. True where all of them kept what is promised, and nothing was left
 * unproven.
 */
export async function proveRounds(
  { process, workDir, signal, log }: Proving,
  proof: string,
  options: RoundsOptions,
): Promise<boolean> {
  const { bootstrapServers, variants, rounds, seed: firstSeed } = options
  const outcomes: Outcome[] = []
  for (let round = 0; round < rounds; round++) {
    for (const [index, variant] of variants.entries()) {
      if (signal.aborted) break
      const name = `${proof}-${round}-${index}`
      const outcome = await outcomeOf(variant, {
        ...{ host: process, bootstrapServers, name, seed: firstSeed + round },
        ...{ logDir: join(workDir, 'logs', name), log, nowMs, wait: (ms: number) => delay(ms) },
      })
      log(JSON.stringify(outcome))
      outcomes.push(outcome)
    }
  }
  const unproven = options.unproven?.(outcomes) ?? []
  const kept = !signal.aborted && outcomes.every((outcome) => outcome.kept) && unproven.length === 0
  process.stdout.write(`${JSON.stringify({ proof, kept, rounds, seed: firstSeed, unproven, outcomes })}\n`)
  return kept
}

/** Takes a round that could not be finished for one that has not kept its promises. */
async function outcomeOf(variant: Variant, place: RoundPlace): Promise<Outcome> {
  const { name, seed } = place
  return await variant(place).catch((error: unknown) => ({ name, seed, kept: false, error: String(error) }))
}

function nowMs(): number {
  return performance.now()
}
