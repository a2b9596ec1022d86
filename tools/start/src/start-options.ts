import { InvalidArgumentError, Option, Command } from 'commander'

/** Where the trades come from. */
export type TradeSource =
  { readonly kind: 'live' } | { readonly kind: 'synthetic' } | { readonly kind: 'recording'; readonly file: string }

/** What `npm start` was asked for. */
export interface StartOptions {
  readonly source: TradeSource
  /** N times as fast as it happened, or as fast as the pipeline takes it. */
  readonly speed: number | 'max'
  readonly symbols?: readonly string[]
  readonly dataDir: string
  readonly exitWhenDrained: boolean
  readonly shift?: 'now'
  readonly malformed?: string
  readonly seed: number
  readonly duration?: number
  readonly portBase?: number
}

/** The command of `npm start`; `run` gets its options, checked. Commander prints what is wrong and exits by itself. */
export function startCommand(run: (options: StartOptions) => Promise<void>): Command {
  const command = new Command('npm start --')
    .description(
      'Runs Tidemark on this machine: Kafka, the schema registry, InfluxDB and the apps. Ctrl-C stops all of it.',
    )
    .option('--source <live|recording:FILE|synthetic>', 'where the trades come from', parseSource, { kind: 'live' })
    .option('--speed <N|max>', 'N times as fast, or as fast as the pipeline takes it', parseSpeed, 1)
    .option('--symbols <A,B>', 'these only (default: SYMBOLS, or those of the recording)', parseSymbols)
    .option('--data-dir <DIR>', 'where the servers keep their data', '.data')
    .option('--exit-when-drained', 'with a recording: stop when every trade has gone through every sink', false)
    .addOption(new Option('--shift <now>', 'move the times of a recording so that it begins now').choices(['now']))
    .option('--malformed <builtin|FILE>', 'mix malformed frames into a simulated source')
    .option('--seed <N>', 'seed of the synthetic market', parsePositive, 1)
    .option('--duration <seconds>', 'market time after which a synthetic market ends', parsePositive)
    .option('--port-base <N>', 'move all ports: Kafka to N, the others above it', parsePort)
    .allowExcessArguments(false)
  command.action(async (options: StartOptions) => {
    const wrong = contradiction(options)
    if (wrong !== undefined) command.error(`error: ${wrong}`)
    await run(options)
  })
  return command
}

/** What can't be meant together; undefined where all is well. */
export function contradiction(options: StartOptions): string | undefined {
  const { source, speed, exitWhenDrained, shift, malformed, duration } = options
  const finite = source.kind === 'recording' || (source.kind === 'synthetic' && duration !== undefined)
  if (exitWhenDrained && !finite)
    return '--exit-when-drained needs a source that ends: a recording, or synthetic with --duration'
  if (source.kind === 'live' && speed !== 1)
    return '--speed is for a recording or a synthetic market: the exchange has its own'
  if (source.kind === 'live' && malformed !== undefined) return '--malformed is for a recording or a synthetic market'
  if (source.kind !== 'recording' && shift !== undefined) return '--shift is for a recording'
  if (source.kind !== 'synthetic' && duration !== undefined) return '--duration is for a synthetic market'
  return undefined
}

function parseSource(text: string): TradeSource {
  if (text === 'live' || text === 'synthetic') return { kind: text }
  const prefix = 'recording:'
  if (text.startsWith(prefix) && text.length > prefix.length)
    return { kind: 'recording', file: text.slice(prefix.length) }
  throw new InvalidArgumentError('Expected live, synthetic or recording:FILE.')
}

function parseSpeed(text: string): number | 'max' {
  return text === 'max' ? 'max' : parsePositive(text)
}

function parseSymbols(text: string): string[] {
  const symbols = text.split(',').map((symbol) => symbol.trim().toUpperCase())
  if (symbols.some((symbol) => symbol === '')) throw new InvalidArgumentError('Expected symbols separated by commas.')
  return symbols
}

function parsePositive(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1_024 || port > 65_000) {
    throw new InvalidArgumentError('Expected a port from 1024 to 65000.')
  }
  return port
}
