import { Command, InvalidArgumentError, Option } from 'commander'
import type { Speed } from './pacing.ts'
import type { RecordingOptions, SyntheticOptions } from './open-source.ts'
import type { SimulatorOptions } from './simulator.ts'
import { symbolNames } from './symbol-profile.ts'

/** Port the simulator listens on when started from the command line. */
export const DEFAULT_PORT = 9443

/** The options as typed in; files still have to be read. */
export interface CommandLine {
  readonly options: SimulatorOptions
  readonly malformedFile: string | undefined
  /** A file that still has to be read, or `random:SEED:SECONDS`. */
  readonly faults: string | undefined
}

interface TypedIn {
  source: { kind: 'recording'; file: string } | { kind: 'synthetic' }
  speed: Speed
  shift?: 'now'
  join?: 'start' | 'present'
  symbols?: readonly string[]
  symbolCount?: number
  seed: number
  rate?: number
  duration?: number
  start?: number
  malformed?: string
  port: number
  tlsPort?: number
  tlsCertificate?: string
  history?: number
  weightLimit?: number
  historicalTrades: boolean
  connectLimit?: number
  connectionLife?: number
  faults?: string
  errors: 'nested' | 'flat'
}

/** The command, to be parsed by the program that runs it; `run` gets what was typed in. */
export function simulatorCommand(run: (commandLine: CommandLine) => Promise<void>): Command {
  return new Command('exchange-simulator')
    .description("Speaks the exchange's stream protocol on this machine, from a recording or a synthetic market.")
    .requiredOption('--source <recording:FILE|synthetic>', 'where the frames come from', parseSource)
    .option('--speed <N|max>', 'N times as fast, or as fast as the reader takes it', parseSpeed, 1)
    .addOption(new Option('--shift <now>', 'move the times of a recording so that it begins now').choices(['now']))
    .addOption(
      new Option('--join <start|present>', 'a recording: where a connection begins').choices(['start', 'present']),
    )
    .option('--symbols <A,B>', 'these only', (text: string) => text.split(',').map((symbol) => symbol.trim()))
    .addOption(
      new Option('--symbol-count <N>', 'so many symbols of a market, the well-known ones first')
        .argParser(parseNumber)
        .conflicts('symbols'),
    )
    .option('--seed <N>', 'seed of the market and of the places of malformed frames', parseNumber, 1)
    .option('--rate <N>', 'mean trades a second and symbol of a synthetic market', parseNumber)
    .option('--duration <seconds>', 'market time after which a synthetic market ends', parseNumber)
    .option('--start <ms>', 'market time a synthetic market begins at, instead of now', parseNumber)
    .option('--malformed <FILE|builtin>', 'mix malformed frames in: a JSON file, or the ten built in')
    .option('--port <N>', 'port to listen on; 0 takes a free one', parseNumber, DEFAULT_PORT)
    .option('--tls-port <N>', 'a second port that speaks TLS; 0 takes a free one', parseNumber)
    .option('--tls-certificate <FILE>', 'where to write the certificate that clients of that port have to trust')
    .option('--history <N>', 'trades that REST can be asked about, the newest over all symbols', parseNumber)
    .option('--weight-limit <N>', 'request weight an address may use up a minute', parseNumber)
    .option('--no-historical-trades', 'be a host that does not have historicalTrades')
    .option('--connect-limit <N>', 'attempts to connect that an address has in five minutes', parseNumber)
    .option('--connection-life <seconds>', 'how long a connection may live, instead of a day', parseNumber)
    .option('--faults <FILE|random:SEED:SECONDS>', 'what is to go wrong and when: YAML or JSON, or drawn by a seed')
    .addOption(new Option('--errors <shape>', 'shape of error replies').choices(['nested', 'flat']).default('nested'))
    .allowExcessArguments(false)
    .action((typedIn: TypedIn) => run(toCommandLine(typedIn)))
}

function toCommandLine(typedIn: TypedIn): CommandLine {
  const { symbols, malformed, speed, seed, port, errors } = typedIn
  const { tlsPort, tlsCertificate, history, weightLimit, historicalTrades, connectLimit, connectionLife, symbolCount } =
    typedIn
  const options: SimulatorOptions = {
    source: toSource(typedIn),
    speed,
    seed,
    port,
    errorShape: errors,
    historicalTrades,
    ...(tlsPort !== undefined && {
      tls: { port: tlsPort, ...(tlsCertificate && { certificateFile: tlsCertificate }) },
    }),
    ...(history !== undefined && { historyTrades: history }),
    ...(weightLimit !== undefined && { weightPerMinute: weightLimit }),
    ...(connectLimit !== undefined && { connectsPer5Minutes: connectLimit }),
    ...(connectionLife !== undefined && { connectionLifeMs: connectionLife * 1000 }),
    ...(symbols && { symbols }),
    ...(symbolCount !== undefined && { symbols: symbolNames(symbolCount) }),
    ...(malformed === 'builtin' && { malformed }),
  }
  return { options, malformedFile: malformed === 'builtin' ? undefined : malformed, faults: typedIn.faults }
}

function toSource({ source, shift, join, rate, duration, start }: TypedIn): RecordingOptions | SyntheticOptions {
  if (source.kind === 'recording') return { ...source, ...(shift && { shift }), ...(join && { join }) }
  return {
    ...source,
    ...(rate !== undefined && { tradesPerSecond: rate }),
    ...(duration !== undefined && { durationMs: duration * 1000 }),
    ...(start !== undefined && { startMs: start }),
  }
}

function parseSource(text: string): TypedIn['source'] {
  if (text === 'synthetic') return { kind: 'synthetic' }
  if (text.startsWith('recording:') && text.length > 'recording:'.length) {
    return { kind: 'recording', file: text.slice('recording:'.length) }
  }
  throw new InvalidArgumentError('Expected recording:FILE or synthetic.')
}

function parseSpeed(text: string): Speed {
  return text === 'max' ? 'max' : parseNumber(text)
}

function parseNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.')
  return value
}
