import { InvalidArgumentError, Option, program } from 'commander'
import { stackEnvironment } from './environment.ts'
import { portOffsets, portNames, portSettings, defaultPorts, type PortName } from './ports.ts'
import { prepareTopics } from './prepare-topics.ts'
import { lineProgress, terminalProgress } from './progress.ts'
import { serviceNames, type ServiceName } from './services.ts'
import { StackError } from './stack-error.ts'
import { onStopSignals } from './stop-signals.ts'
import { fetchServers, startStack, type Stack } from './start-stack.ts'

interface UpOptions extends Partial<Record<`${PortName}Port`, number>> {
  readonly dataDir: string
  readonly portBase?: number
  readonly service?: readonly ServiceName[]
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const terminal = process.stdout.isTTY ? terminalProgress(process.stdout) : undefined
const log = terminal?.log ?? print
const progress = terminal ?? lineProgress({ write: print })

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('It must be a port from 1 to 65535.')
  return port
}

async function up(options: UpOptions): Promise<void> {
  const giveUp = new AbortController()
  const { promise: asked, resolve: ask } = Promise.withResolvers<undefined>()
  onStopSignals(process, {
    stop: () => {
      giveUp.abort()
      ask(undefined)
    },
    exitAtOnce: () => process.exit(1),
    nowMs: () => performance.now(),
  })
  const ports = Object.fromEntries(
    portNames.flatMap((name) => (options[`${name}Port`] === undefined ? [] : [[name, options[`${name}Port`]]])),
  )
  const services = options.service ?? serviceNames
  const stack = await startStack({
    host: process,
    dataDir: options.dataDir,
    portBase: options.portBase,
    ports,
    services,
    log,
    progress,
    signal: giveUp.signal,
  })
  try {
    if (services.includes('kafka') && services.includes('registry')) await prepareTopics(stack, { log })
    printAddresses(stack, services)
    const failure = await Promise.race([asked, stack.failure, influxMissing(stack, options)])
    if (failure !== undefined) throw failure
    log('stopping …')
  } finally {
    await stack.stop()
  }
}

/** Says when InfluxDB is ready; resolves to an error if it can't be, and was asked for by name. */
async function influxMissing(stack: Stack, { service }: UpOptions): Promise<StackError> {
  const influx = await stack.influx
  if (influx.available) log(`InfluxDB is ready at ${influx.url}`)
  else if (service?.includes('influx') === true) return new StackError('setup-failed', influx.reason)
  return new Promise(() => undefined)
}

function printAddresses(stack: Stack, services: readonly ServiceName[]): void {
  log(`data dir   ${stack.dataDir}`)
  if (services.includes('kafka')) log(`Kafka      ${stack.bootstrapServers}`)
  if (services.includes('registry')) log(`registry   ${stack.registryUrl}`)
  if (services.includes('influx')) log(`InfluxDB   ${stack.influxUrl}`)
  for (const [name, value] of Object.entries(stackEnvironment(stack))) log(`export ${name}=${value}`)
}

const upCommand = program
  .command('up')
  .description('start Kafka, the schema registry and InfluxDB, create topics, register schemas, run until Ctrl-C')
  .option('--data-dir <dir>', 'where the servers keep everything; a second start goes on with it', '.data')
  .addOption(new Option('--service <name...>', 'start only these').choices([...serviceNames]))
  .addOption(
    new Option(
      '--port-base <n>',
      `move all ports: ${portNames.map((name) => `${name} n+${portOffsets[name]}`).join(', ')}`,
    ).argParser(parsePort),
  )
for (const name of portNames) {
  const { option, server } = portSettings[name]
  upCommand.addOption(
    new Option(`${option} <port>`, `port of ${server} (default: ${defaultPorts[name]})`).argParser(parsePort),
  )
}
upCommand.action(up)

program
  .name('stack')
  .description('The local servers of Tidemark: real Kafka, a Confluent-compatible schema registry, InfluxDB 2')
  .command('fetch')
  .description('fetch and build the servers into the cache, without starting them')
  .action(async () => {
    const { influxIssue } = await fetchServers({ host: process, log, progress })
    log(influxIssue ?? 'all servers are in the cache')
  })

try {
  await program.parseAsync()
} catch (error) {
  const message =
    error instanceof StackError || error instanceof RangeError
      ? error.message
      : error instanceof Error
        ? error.stack
        : String(error)
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
