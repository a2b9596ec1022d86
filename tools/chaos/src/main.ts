import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { onStopSignals, startCluster } from '@tidemark/stack'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { outcomeOf, proofNames, variantsOf, type Outcome, type ProofName } from './prove.ts'
import { runStackProof, stackProofNames, type StackProofName } from './stack-proof.ts'

// Proves what the engine promises on real servers: instances are killed under load, and every record is accounted for.

interface ChaosOptions {
  readonly rounds: number
  readonly seed: number
}

const program = new Command('npm run chaos --')
  .description(
    'Kills instances of an application under load and judges every record that came out. Prints a JSON summary of each proof, a line each.',
  )
  .addArgument(new Argument('[proof]', 'one of them; all if left out').choices([...proofNames, ...stackProofNames]))
  .option('--rounds <N>', 'rounds of each proof', wholeNumber, 3)
  .option('--seed <N>', 'seed of the load and of the order of things', wholeNumber, 1)
  .action(run)
await program.parseAsync()

async function run(proof: ProofName | StackProofName | undefined, options: ChaosOptions): Promise<void> {
  const isOfEngine = (name: ProofName | StackProofName): name is ProofName => proofNames.some((each) => each === name)
  if (proof === undefined || isOfEngine(proof)) await runEngineProofs(proof, options)
  for (const name of stackProofNames) {
    if (proof !== undefined && proof !== name) continue
    if (!(await runStackProof(process, name, options))) process.exitCode = 1
  }
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
  let kept = true
  try {
    for (const name of proof === undefined ? proofNames : [proof]) {
      const outcomes: Outcome[] = []
      for (let round = 0; round < rounds; round++) {
        for (const [index, variant] of variantsOf(name).entries()) {
          if (giveUp.signal.aborted) break
          const place = { name: `${name}-${round}-${index}`, seed: seed + round, host: process, workDir, log }
          const { bootstrapServers } = cluster
          const outcome = await outcomeOf(variant, { ...place, cluster, bootstrapServers, replicationFactor: 3 })
          log(JSON.stringify(outcome))
          outcomes.push(outcome)
        }
      }
      const isProven = !giveUp.signal.aborted && outcomes.every((outcome) => outcome.kept)
      kept &&= isProven
      process.stdout.write(`${JSON.stringify({ proof: name, kept: isProven, rounds, seed, outcomes })}\n`)
    }
  } finally {
    await cluster.stop()
    if (kept) await rm(workDir, { recursive: true, force: true })
    else log(`logs of the instances: ${join(workDir, 'logs')}`)
    if (!kept) process.exitCode = 1
  }
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}
