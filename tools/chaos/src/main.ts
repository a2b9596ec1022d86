import process from 'node:process'
import { onStopSignals } from '@tidemark/stack'
import { Argument, Command, InvalidArgumentError } from 'commander'
import type { Rounds } from './proof-run.ts'
import { proofNames, proveEngine, type ProofName } from './prove.ts'
import { proveStack, stackProofNames, type StackProofName } from './stack-proof.ts'

// Proves what the engine promises on real servers: instances are killed under load, and every record is accounted for.

const program = new Command('npm run chaos --')
  .description(
    'Kills instances of an application under load and judges every record that came out. Prints a JSON summary of each proof, a line each.',
  )
  .addArgument(new Argument('[proof]', 'one of them; all if left out').choices([...proofNames, ...stackProofNames]))
  .option('--rounds <N>', 'rounds of each proof', wholeNumber, 3)
  .option(
    '--seed <N>',
    'of the first round, the next has the next: decides the load, whom and what it hits in which order',
    wholeNumber,
    1,
  )
  .action(run)
await program.parseAsync()

async function run(proof: ProofName | StackProofName | undefined, rounds: Rounds): Promise<void> {
  const giveUp = new AbortController()
  onStopSignals(process, {
    stop: () => giveUp.abort(),
    exitAtOnce: () => process.exit(1),
    nowMs: () => performance.now(),
  })
  const host = { process, signal: giveUp.signal }
  const isWanted = (name: ProofName | StackProofName) => proof === undefined || proof === name
  const ofEngine = proofNames.filter(isWanted)
  let kept = ofEngine.length === 0 || (await proveEngine(host, ofEngine, rounds))
  for (const name of stackProofNames.filter(isWanted)) kept = (await proveStack(host, name, rounds)) && kept
  if (!kept) process.exitCode = 1
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}
