import { describe, expect, it } from 'vitest'
import { recorderCommand } from './command-line.ts'
import type { RecordOptions } from './record.ts'

async function parse(...words: readonly string[]): Promise<RecordOptions> {
  const typed = Promise.withResolvers<RecordOptions>()
  const command = recorderCommand(async (options) => typed.resolve(options))
  await command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parseAsync(words, { from: 'user' })
  return typed.promise
}

describe('the command line', () => {
  it('takes the trades of the live exchange unless it is told otherwise', async () => {
    expect(await parse('--symbols', 'BTCUSDT, ETHUSDT', '--out', 'a.txt.gz')).toEqual({
      url: 'wss://data-stream.binance.vision',
      symbols: ['BTCUSDT', 'ETHUSDT'],
      kinds: ['trade'],
      file: 'a.txt.gz',
    })
  })

  it('takes sizes in MB and times in minutes and seconds', async () => {
    const typed = ['--rotate-mb', '5', '--rotate-minutes', '2', '--duration', '1.5', '--frames', '9']
    expect(await parse('--symbols', 'A', '--out', 'a', '--streams', 'trade,kline_1M', ...typed)).toMatchObject({
      kinds: ['trade', 'kline_1M'],
      maxBytes: 5_000_000,
      maxAgeMs: 120_000,
      durationMs: 1_500,
      maxFrames: 9,
    })
  })

  it.each([
    [['--out', 'a']],
    [['--symbols', 'A']],
    [['--symbols', 'A,', '--out', 'a']],
    [['--symbols', 'A', '--out', 'a', '--streams', 'trades']],
    [['--symbols', 'A', '--out', 'a', '--frames', '0']],
  ])('refuses %j', async (words) => {
    await expect(parse(...words)).rejects.toThrow()
  })
})
