import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { onStopSignals, startCluster, type Cluster } from '@tidemark/stack'
import { seededChance, startFaultProxy } from '@tidemark/testing'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { runFeedRounds } from './feed/feed-proof.ts'
import { faultRules } from './fault-rules.ts'
import { proofNames, proofs, type ProofName, type ProofSettings } from './proofs.ts'
import { runRound } from './round.ts'
import { isKept, type Verdict } from './verdict.ts'

// Proves what the engine promises on real servers: instances are killed under load, and every record is accounted for.

interface ChaosOptions {
  readonly rounds: number
  readonly seed: number
}

const program = new Command('npm run chaos --')
  .description(
    'Kills instances of an application under load and judges every record that came out. Prints a JSON summary.',
  )
  .addArgument(new Argument('[proof]', 'one of them; all if left out').choices([...proofNames, 'feed']))
  .option('--rounds <N>', 'rounds of each proof', wholeNumber, 3)
  .option('--seed <N>', 'seed of the load and of the order of things', wholeNumber, 1)
  .action(run)
await program.parseAsync()

async function run(proof: ProofName | 'feed' | undefined, options: ChaosOptions): Promise<void> {
  if (proof !== 'feed') await runEngineProofs(proof, options)
  if (proof !== undefined && proof !== 'feed') return
  const kept = await runFeedRounds(process, options)
  if (!kept) process.exitCode = 1
}

async function runEngineProofs(proof: ProofName | undefined, { rounds, seed }: ChaosOptions): Promise<void> {
  const workDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-'))
  const giveUp = new AbortController()
  onStopSignals(process, {
    stop: () => giveUp.abort(),
    exitAtOnce: () => process.exit(1),
    nowMs: () => performance.now(),
  })
  const log = (line: string) => void process.stderr.write(`${line}\n`)
  const cluster = await startCluster({ host: process, dataDir: join(workDir, 'cluster'), signal: giveUp.signal, log })
  const results: (Result & { readonly kept: boolean })[] = []
  try {
    for (const name of proof === undefined ? proofNames : [proof]) {
      for (let round = 0; round < rounds; round++) {
        for (const [variant, settings] of proofs[name].entries()) {
          if (giveUp.signal.aborted) return
          const place = { cluster, workDir, log, name: `${name}-${round}-${variant}`, seed: seed + round }
          const result = await prove(settings, place)
          results.push({ ...result, kept: isKept(result, settings.guarantee) })
          log(JSON.stringify(results.at(-1)))
        }
      }
    }
  } finally {
    await cluster.stop()
    const kept = results.length > 0 && results.every((result) => result.kept)
    if (kept) await rm(workDir, { recursive: true, force: true })
    else log(`logs of the instances: ${join(workDir, 'logs')}`)
    process.stdout.write(`${JSON.stringify({ kept, rounds: results }, null, 2)}\n`)
    if (!kept) process.exitCode = 1
  }
}

interface Place {
  readonly cluster: Cluster
  readonly workDir: string
  readonly log: (line: string) => void
  readonly name: string
  readonly seed: number
}

type Result = Verdict &
  Pick<ProofSettings, 'guarantee' | 'target' | 'how'> & {
    readonly name: string
    readonly seed: number
    readonly faults: number
  }

/** Runs one variant of a proof, through a proxy where the faults are to be in the connections. */
async function prove(settings: ProofSettings, { cluster, workDir, log, name, seed }: Place): Promise<Result> {
  const { bootstrapServers } = cluster
  const rules = settings.target === 'connections' ? faultRules() : []
  const proxy = await startFaultProxy({ brokers: bootstrapServers, rules, random: seededChance(seed) })
  try {
    const verdict = await runRound({
      ...settings,
      host: process,
      bootstrapServers,
      ...(rules.length > 0 && { instanceServers: proxy.bootstrapServers }),
      cluster,
      name,
      seed,
      logDir: join(workDir, 'logs', name),
      replicationFactor: 3,
      log,
      nowMs: () => performance.now(),
      wait: (ms) => delay(ms),
    })
    const faults = Object.values(proxy.stats().faults).reduce((sum, count) => sum + count, 0)
    const { guarantee, target, how } = settings
    return { name, seed, guarantee, target, how, faults, ...verdict }
  } finally {
    await proxy.close()
  }
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}
