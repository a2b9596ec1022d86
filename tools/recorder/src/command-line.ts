import { Command, InvalidArgumentError } from 'commander'
import type { RecordOptions } from './record.ts'

interface TypedIn {
  url: string
  symbols: readonly string[]
  streams: readonly string[]
  out: string
  rotateMb?: number
  rotateMinutes?: number
  frames?: number
  duration?: number
}

/** The command, to be parsed by the program that runs it; `run` gets what was typed in. */
export function recorderCommand(run: (options: RecordOptions) => Promise<void>): Command {
  return new Command('record')
    .description('Writes what the exchange sends into a recording, for `--source recording:FILE`.')
    .option('--url <ADDRESS>', 'where the exchange is', 'wss://data-stream.binance.vision')
    .requiredOption('--symbols <A,B>', 'whose streams', parseList)
    .option('--streams <KINDS>', 'trade, aggTrade, bookTicker, kline_1m, …', parseKinds, ['trade'])
    .requiredOption('--out <FILE>', 'the recording; compressed where it ends in .gz')
    .option('--rotate-mb <N>', 'begin a new file at this size: FILE is numbered', parsePositive)
    .option('--rotate-minutes <N>', 'begin a new file at this age: FILE is numbered', parsePositive)
    .option('--frames <N>', 'stop after so many frames', parsePositive)
    .option('--duration <seconds>', 'stop after a while', parsePositive)
    .allowExcessArguments(false)
    .action((typedIn: TypedIn) => run(toOptions(typedIn)))
}

function toOptions({ url, symbols, streams, out, rotateMb, rotateMinutes, frames, duration }: TypedIn): RecordOptions {
  return {
    url,
    symbols,
    kinds: streams,
    file: out,
    maxBytes: rotateMb === undefined ? undefined : rotateMb * 1_000_000,
    maxAgeMs: rotateMinutes === undefined ? undefined : rotateMinutes * 60_000,
    maxFrames: frames,
    durationMs: duration === undefined ? undefined : duration * 1_000,
  }
}

function parseList(text: string): readonly string[] {
  const list = text.split(',').map((part) => part.trim())
  if (list.includes('')) throw new InvalidArgumentError('Expected names, separated by commas.')
  return list
}

function parseKinds(text: string): readonly string[] {
  const kinds = parseList(text)
  const wrong = kinds.find((kind) => !/^(trade|aggTrade|bookTicker|kline_\d+[smhdwM])$/.test(kind))
  if (wrong === undefined) return kinds
  throw new InvalidArgumentError(`${wrong} is none of trade, aggTrade, bookTicker, kline_1s … kline_1M.`)
}

function parsePositive(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Expected a number above zero.')
  return value
}
