import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { onStopSignals, StackError } from '@tidemark/stack'
import { Command, InvalidArgumentError, Option } from 'commander'
import { aggregatorBench } from './aggregator-bench.ts'
import { withBroker, type BenchContext, type BenchHost } from './bench-context.ts'
import { engineBench, type TradesBenchOptions } from './engine-bench.ts'
import { entrySizes } from './entry-sizes.ts'
import { brokenByUs, feedBench, type FeedLoad } from './feed-bench.ts'
import { feedTables } from './feed-table.ts'
import { latencyBench } from './latency-bench.ts'
import { latencyTable } from './latency-table.ts'
import { machine } from './machine.ts'
import { mapBench } from './map-bench.ts'
import { outcomeTable, type Outcome } from './outcome.ts'
import { produceBench } from './produce-bench.ts'
import { restoreBench } from './restore-bench.ts'
import type { PeerVariant } from './peer.ts'
import { scaleBench } from './scale-bench.ts'
import { sizeBy, stateSizes, stateTable } from './state-sizes.ts'
import { timePerRecord, timeTable, type CpuProfile } from './where-time-goes.ts'

// Measures the engine beside Kafka Streams: the same job on the same broker, one after the other.

const resultsDir = fileURLToPath(new URL('../results', import.meta.url))
const LIMIT_MS = 300_000
const HEAPS_MB = [512, 2_048]
const roomy = { store: 'in-memory', heapMb: 2_048 } as const
/** Ways of reading Avro, in the configuration that is best otherwise. The job of `engine` needs half of a trade's fields. */
const MORE_VARIANTS: Readonly<Record<string, readonly PeerVariant[]>> = {
  engine: [
    { ...roomy, avro: 'fast' },
    { ...roomy, projects: true },
    { ...roomy, projects: true, avro: 'fast' },
  ],
  map: [{ ...roomy, avro: 'fast' }],
  scale: [{ ...roomy, projects: true }],
}
const FEED_LOADS: readonly FeedLoad[] = [
  { symbols: 1_000, rate: 20_000 },
  { symbols: 1_000, rate: 2_000 },
]

interface Arguments {
  readonly records: number
  readonly warmUp: number
  readonly peer: boolean
  readonly secondPeer?: boolean
  readonly profile?: boolean
}

interface FeedArguments {
  readonly rate?: number
  readonly symbols: number
  readonly seconds: number
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
command('engine', 'trades into windows, exactly once: the reference job', 4_000_000)
  .addOption(profileOption())
  .addOption(
    new Option('--second-peer', 'Quix Streams too; shorter unless told otherwise').implies({ records: 500_000 }),
  )
  .action((args: Arguments) =>
    report(args, (context) => {
      const { secondPeer = false } = args
      return engineBench(context, { ...optionsOf('engine', args, ['in-memory', 'rocksdb']), secondPeer })
    }),
  )
command('map', 'trades decoded, one field changed, encoded and produced, exactly once', 8_000_000)
  .addOption(profileOption())
  .action((args: Arguments) => report(args, (context) => mapBench(context, optionsOf('map', args, ['in-memory']))))

program
  .command('restore')
  .description('state of open windows restored from a changelog by a new process')
  .option('--records <N>', 'entries of the state', wholeNumber, 1_000_000)
  .option('--no-peer', 'our side alone')
  .action((args: Arguments) =>
    report(args, (context) => {
      const { records, variants, limitMs } = optionsOf('restore', args, ['in-memory', 'rocksdb'])
      return restoreBench(context, {
        entries: records,
        variants: variants.filter(({ heapMb }) => heapMb > 1_000),
        limitMs,
      })
    }),
  )
command('produce', 'trades encoded and produced, beside the Java producer', 1_000_000).action(
  async (args: Arguments) => {
    const options = optionsOf('produce', args, ['in-memory'])
    const outcome = await onBroker((context) => produceBench(context, options))
    if (args.peer) await keep(outcome)
    for (const mode of outcome.modes) process.stdout.write(`${outcomeTable(mode)}\n`)
  },
)
command('scale', 'more and more symbols, two instances instead of one', 2_000_000).action(async (args: Arguments) => {
  const options = optionsOf('scale', args, ['in-memory'])
  const variants = options.variants.filter(({ heapMb }) => heapMb > 1_000)
  const outcome = await onBroker((context) => scaleBench(context, { ...options, variants }))
  if (args.peer) await keep(outcome)
  for (const each of outcome.symbols) process.stdout.write(`${outcomeTable(each)}\n`)
  process.stdout.write(`spread over symbols ${outcome.spread.toFixed(2)}\n`)
  process.stdout.write(`${JSON.stringify(outcome.instances)}\n`)
})
program
  .command('latency')
  .description('from the record that closes a window to its result, under a constant load')
  .option('--records-per-s <N>', 'records per second', wholeNumber, 2_000)
  .option('--seconds <N>', 'how long', wholeNumber, 40)
  .option('--no-peer', 'our side alone')
  .action(async ({ recordsPerS, seconds, peer }: { recordsPerS: number; seconds: number; peer: boolean }) => {
    const variants = [true, false].map((cache) => ({ store: 'in-memory', heapMb: 512, cache }) as const)
    const options = { recordsPerS, seconds, variants: peer ? variants : [], limitMs: LIMIT_MS }
    const outcome = await onBroker((context) => latencyBench(context, options))
    if (peer) await keep(outcome)
    process.stdout.write(`${latencyTable(outcome)}\n`)
  })
program
  .command('aggregator')
  .description('window-aggregator as it is in production, everything on, over a looped recording')
  .requiredOption('--recording <file>', 'a gzipped recording')
  .option('--loops <N>', 'how often it is gone through', wholeNumber, 700)
  .action(async ({ recording, loops }: { recording: string; loops: number }) => {
    const outcome = await aggregatorBench(await surroundings(), { recording, loops, warmUp: 0.3, limitMs: LIMIT_MS })
    await keep(outcome)
    process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`)
  })
program
  .command('feed')
  .description('trades of a synthetic exchange into Kafka: trade-producer beside a bare loop of ws and kafkajs')
  .option('--rate <N>', 'trades a second, over all symbols; two loads unless told otherwise', wholeNumber)
  .option('--symbols <N>', 'symbols of the market', wholeNumber, 1_000)
  .option('--seconds <N>', 'how long, after the warm-up', wholeNumber, 60)
  .option('--no-peer', 'our side alone')
  .option('--profile', 'leave a CPU profile of our side, start and end included', false)
  .action(async ({ rate, symbols, seconds, peer, profile }: FeedArguments) => {
    const loads = rate === undefined ? FEED_LOADS.map((load) => ({ ...load, symbols })) : [{ symbols, rate }]
    const options = { loads, seconds, bare: peer, ...(profile && { profileDir: resultsDir }) }
    const outcome = await feedBench(await surroundings(), options)
    if (peer) await keep(outcome)
    process.stdout.write(`${feedTables(outcome)}\n`)
    for (const broken of brokenByUs(outcome)) {
      log(`trade-producer: ${broken}`)
      process.exitCode = 1
    }
  })
program
  .command('state')
  .description(
    'what entries of state take, of the engine with the least in them, and by the kinds of window-aggregator',
  )
  .option('--count <N>', 'how many of each are made', wholeNumber, 2_000)
  .action(({ count }: { count: number }) => {
    const sizeOf = sizeBy(() => process.memoryUsage())
    process.stdout.write(`${stateTable([...entrySizes(sizeOf), ...stateSizes(sizeOf, count)])}\n`)
  })
program
  .command('estimators')
  .description('how good the estimators of volatility are, in simulated markets whose truth is known')
  .action(async () => {
    // What it draws with is large, and of no use to the others.
    const { estimatorTables, judgedEstimators } = await import('@tidemark/metrics-report')
    process.stdout.write(`${estimatorTables(judgedEstimators())}\n`)
  })

try {
  await program.parseAsync()
} catch (error) {
  log(error instanceof StackError ? error.message : String(error instanceof Error ? error.stack : error))
  process.exitCode = 1
}

function command(name: string, description: string, records: number): Command {
  return program
    .command(name)
    .description(description)
    .option('--records <N>', 'records to measure', wholeNumber, records)
    .option('--warm-up <N>', 'records before them', wholeNumber, 1_000_000)
    .option('--no-peer', 'our side alone')
}

function profileOption(): Option {
  return new Option('--profile', "run our side once more and leave a CPU profile of that run's measured part")
}

function optionsOf(name: string, args: Arguments, stores: readonly PeerVariant['store'][]): TradesBenchOptions {
  const { records, warmUp, peer, profile } = args
  const configured = stores.flatMap((store) => HEAPS_MB.map((heapMb): PeerVariant => ({ store, heapMb })))
  const variants = peer ? [...configured, ...(MORE_VARIANTS[name] ?? [])] : []
  return { records, warmUp, variants, limitMs: LIMIT_MS, ...(profile && { profilePath: profileOf(name) }) }
}

async function onBroker<T>(bench: (context: BenchContext) => Promise<T>): Promise<T> {
  return withBroker(await surroundings(), bench)
}

async function surroundings(): Promise<BenchHost> {
  await mkdir(resultsDir, { recursive: true })
  const clockS = () => Number(process.hrtime.bigint()) / 1e9
  const nowMs = () => performance.timeOrigin + performance.now()
  return { host: process, signal: giveUp.signal, log, clockS, nowMs }
}

async function keep(outcome: { readonly name: string }): Promise<void> {
  const kept = { ...outcome, machine: await machine() }
  await writeFile(join(resultsDir, `${outcome.name}.json`), `${JSON.stringify(kept, null, 2)}\n`)
}

async function report(args: Arguments, bench: (context: BenchContext) => Promise<Outcome>): Promise<void> {
  const outcome = await onBroker(bench)
  if (args.peer || args.secondPeer) await keep(outcome)
  process.stdout.write(`${outcomeTable(outcome)}\n`)
  if (!args.profile) return
  const profile = JSON.parse(await readFile(profileOf(outcome.name), 'utf8')) as CpuProfile
  process.stdout.write(
    `${timeTable(timePerRecord(profile, { records: outcome.records, cpuS: outcome.tidemark.cpu_s }))}\n`,
  )
}

function profileOf(name: string): string {
  return join(resultsDir, `${name}.cpuprofile`)
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}
