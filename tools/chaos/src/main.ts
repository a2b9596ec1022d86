import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts, onStopSignals, startStack } from '@tidemark/stack'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { proofNames, proofs, type ProofName } from './proofs.ts'
import { runRound } from './round.ts'
import { isKept } from './verdict.ts'

// Proves what the engine promises on real servers: instances are killed under load, and every record is accounted for.

interface ChaosOptions {
  readonly rounds: number
  readonly seed: number
}

const program = new Command('npm run chaos --')
  .description(
    'Kills instances of an application under load and judges every record that came out. Prints a JSON summary.',
  )
  .addArgument(new Argument('[proof]', 'one of them; all if left out').choices(proofNames))
  .option('--rounds <N>', 'rounds of each proof', wholeNumber, 3)
  .option('--seed <N>', 'seed of the load and of the order of things', wholeNumber, 1)
  .action(run)
await program.parseAsync()

async function run(proof: ProofName | undefined, { rounds, seed }: ChaosOptions): Promise<void> {
  const workDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-'))
  const giveUp = new AbortController()
  onStopSignals(process, {
    stop: () => giveUp.abort(),
    exitAtOnce: () => process.exit(1),
    nowMs: () => performance.now(),
  })
  const log = (line: string) => void process.stderr.write(`${line}\n`)
  const stack = await startStack({
    host: process,
    dataDir: join(workDir, 'stack'),
    ports: await freePorts(),
    services: ['kafka'],
    signal: giveUp.signal,
    log,
  })
  const results: object[] = []
  let kept = true
  try {
    for (const name of proof === undefined ? proofNames : [proof]) {
      for (let round = 0; round < rounds && !giveUp.signal.aborted; round++) {
        for (const [variant, settings] of proofs[name].entries()) {
          const verdict = await runRound({
            ...settings,
            host: process,
            bootstrapServers: stack.bootstrapServers,
            name: `${name}-${round}-${variant}`,
            seed: seed + round,
            logDir: join(workDir, 'logs', `${name}-${round}-${variant}`),
            replicationFactor: 1,
            log,
            nowMs: () => performance.now(),
            wait: (ms) => delay(ms),
          })
          const { guarantee, how } = settings
          kept = kept && isKept(verdict, guarantee)
          results.push({
            proof: name,
            round,
            seed: seed + round,
            guarantee,
            how,
            ...verdict,
            kept: isKept(verdict, guarantee),
          })
          log(JSON.stringify(results.at(-1)))
        }
      }
    }
  } finally {
    await stack.stop()
    if (kept) await rm(workDir, { recursive: true, force: true })
    else log(`logs of the instances: ${join(workDir, 'logs')}`)
  }
  process.stdout.write(`${JSON.stringify({ kept, rounds: results }, null, 2)}\n`)
  if (!kept || results.length === 0) process.exitCode = 1
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}
