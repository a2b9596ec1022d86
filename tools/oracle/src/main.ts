import process from 'node:process'
import { Command, InvalidArgumentError, Option } from 'commander'
import { bySymbol, readArrivals } from './recording.ts'
import { gapsOf, whalesOf, windowsAsTheyCame, type WindowSize } from './windows.ts'

const DEFAULT_SIZES = '10s,1m,5m,15m,1h'
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function sizesOf(text: string): WindowSize[] {
  return text.split(',').map((label) => {
    const [, count, unit] = /^([1-9]\d*)([smhd])$/.exec(label.trim()) ?? []
    if (unit === undefined) throw new InvalidArgumentError(`${label} is no window size, such as 10s, 1m or 1h`)
    return { label: label.trim(), sizeMs: Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS] }
  })
}

function amountOf(text: string): number {
  const amount = Number(text)
  if (!(amount > 0)) throw new InvalidArgumentError(`${text} is not a number above zero`)
  return amount
}

function quantileOf(text: string): number {
  const quantile = amountOf(text)
  if (quantile >= 1) throw new InvalidArgumentError(`${text} is no quantile between 0 and 1`)
  return quantile
}

function durationOf(text: string): number {
  const duration = Number(text)
  if (!Number.isInteger(duration) || duration < 0)
    throw new InvalidArgumentError(`${text} is no number of milliseconds`)
  return duration
}

interface Options {
  readonly window: WindowSize[]
  readonly graceMs: number
  readonly whaleFloor: number
  readonly whaleQuantile?: number
  readonly vpinBucket?: number
  readonly records: 'metrics' | 'whales' | 'anomalies'
}

const command = new Command('npm run oracle --')
  .description('Prints every metric of every window of a recording as JSON lines.')
  .argument('<recording>', 'frames with receive times, gzipped or plain')
  .addOption(
    new Option('--window <sizes>', 'sizes of windows, separated by commas')
      .argParser(sizesOf)
      .default(sizesOf(DEFAULT_SIZES), DEFAULT_SIZES),
  )
  .option('--grace-ms <duration>', 'how much later than others a trade may come', durationOf, 2_000)
  .option('--whale-floor <amount>', 'least quote quantity of a whale order', amountOf, 100_000)
  .option('--whale-quantile <quantile>', 'also asked of a whale order: this quantile of those before it', quantileOf)
  .option('--vpin-bucket <base volume>', 'size of VPIN buckets; else from the last whole day', amountOf)
  .addOption(
    new Option('--records <kind>', 'what to print').choices(['metrics', 'whales', 'anomalies']).default('metrics'),
  )
  .action(async (path: string, { window, records, ...options }: Options) => {
    const arrivals = await readArrivals(path)
    for (const [symbol, trades] of bySymbol(arrivals)) {
      const found = () =>
        windowsAsTheyCame(
          arrivals.filter((trade) => trade.symbol === symbol),
          window,
          options,
        )
      const lines =
        records === 'metrics'
          ? found().map(({ metrics }) => metrics)
          : records === 'whales'
            ? whalesOf(trades, options)
            : [...gapsOf(trades), ...found().flatMap(({ anomalies }) => anomalies)]
      for (const line of lines) process.stdout.write(`${JSON.stringify(line)}\n`)
    }
  })

// A reader such as `head` may go before all is printed.
process.stdout.on('error', () => process.exit(0))
await command.parseAsync(process.argv)
