import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { onStopSignals, StackError } from '@tidemark/stack'
import { Command, InvalidArgumentError } from 'commander'
import { withBroker } from './bench-context.ts'
import { engineBench } from './engine-bench.ts'
import { outcomeTable, type Outcome } from './outcome.ts'
import type { PeerVariant } from './peer.ts'

// Measures the engine beside Kafka Streams: the same job on the same broker, one after the other.

const resultsDir = fileURLToPath(new URL('../results', import.meta.url))
const LIMIT_MS = 600_000

interface EngineArguments {
  readonly records: number
  readonly warmUp: number
  readonly peer: boolean
  readonly profile: boolean
}

const giveUp = new AbortController()
onStopSignals(process, {
  stop: () => giveUp.abort(),
  exitAtOnce: () => process.exit(1),
  nowMs: () => performance.now(),
})
const log = (line: string) => void process.stderr.write(`${line}\n`)

const program = new Command('npm run bench --').description(
  'Runs a job on Tidemark and on Kafka Streams, prints what each needed and writes bench/results/<name>.json.',
)
program
  .command('engine')
  .description('trades into windows, exactly once: the reference job')
  .option('--records <N>', 'trades to measure', wholeNumber, 4_000_000)
  .option('--warm-up <N>', 'trades before them', wholeNumber, 1_000_000)
  .option('--no-peer', 'our side alone')
  .option('--profile', "leave a CPU profile of our side's measured part", false)
  .action(engine)

try {
  await program.parseAsync()
} catch (error) {
  log(error instanceof StackError ? error.message : String(error instanceof Error ? error.stack : error))
  process.exitCode = 1
}

async function engine({ records, warmUp, peer, profile }: EngineArguments): Promise<void> {
  const heaps = [512, 2_048]
  const stores = ['in-memory', 'rocksdb'] as const
  const variants: PeerVariant[] = stores.flatMap((store) => heaps.map((heapMb) => ({ store, heapMb })))
  await mkdir(resultsDir, { recursive: true })
  const outcome = await withBroker({ host: process, signal: giveUp.signal, log }, (context) =>
    engineBench(context, {
      records,
      warmUp,
      symbols: 8,
      variants: peer ? variants : [],
      limitMs: LIMIT_MS,
      ...(profile && { profileDir: resultsDir }),
    }),
  )
  if (!('tried' in outcome)) return void process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`)
  await report(outcome)
}

async function report(outcome: Outcome): Promise<void> {
  await writeFile(join(resultsDir, `${outcome.name}.json`), `${JSON.stringify(outcome, null, 2)}\n`)
  process.stdout.write(`${outcomeTable(outcome)}\n`)
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}
