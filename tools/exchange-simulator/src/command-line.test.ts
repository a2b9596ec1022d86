import { describe, expect, it } from 'vitest'
import { simulatorCommand } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

async function parse(...args: string[]): Promise<CommandLine | undefined> {
  let parsed: CommandLine | undefined
  const command = simulatorCommand((commandLine) => {
    parsed = commandLine
    return Promise.resolve()
  })
  await command
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(args, { from: 'user' })
  return parsed
}

describe('the command line', () => {
  it('has defaults for all but the source', async () => {
    expect(await parse('--source', 'synthetic')).toEqual({
      options: {
        source: { kind: 'synthetic' },
        speed: 1,
        seed: 1,
        port: 9443,
        errorShape: 'nested',
        historicalTrades: true,
      },
      malformedFile: undefined,
      faults: undefined,
    })
    await expect(parse()).rejects.toThrow('--source')
  })

  it('describes a recording', async () => {
    const args = [
      '--source',
      'recording:a/b.gz',
      '--speed',
      'max',
      '--shift',
      'now',
      '--symbols',
      'A, B',
      '--malformed',
      'builtin',
    ]
    expect(await parse(...args, '--port', '0', '--seed', '4', '--join', 'present')).toEqual({
      options: {
        source: { kind: 'recording', file: 'a/b.gz', shift: 'now', join: 'present' },
        speed: 'max',
        symbols: ['A', 'B'],
        malformed: 'builtin',
        seed: 4,
        port: 0,
        errorShape: 'nested',
        historicalTrades: true,
      },
      malformedFile: undefined,
      faults: undefined,
    })
  })

  it('describes a market, in the units of the options', async () => {
    const args = ['--source', 'synthetic', '--rate', '5', '--duration', '1.5', '--start', '99', '--malformed', 'f.json']
    expect(await parse(...args)).toMatchObject({
      options: { source: { kind: 'synthetic', tradesPerSecond: 5, durationMs: 1500, startMs: 99 } },
      malformedFile: 'f.json',
    })
  })

  it('names so many symbols', async () => {
    const { symbols = [] } = (await parse('--source', 'synthetic', '--symbol-count', '1000'))?.options ?? {}
    expect(new Set(symbols).size).toBe(1000)
    expect([symbols[0], symbols[999]]).toEqual(['BTCUSDT', 'M01000USDT'])
  })

  it('describes the exchange around the source', async () => {
    const args = ['--tls-port', '0', '--tls-certificate', 'c.pem', '--history', '5', '--weight-limit', '6']
    const more = ['--no-historical-trades', '--connect-limit', '7', '--connection-life', '8', '--faults', 'random:1:60']
    expect(await parse('--source', 'synthetic', ...args, ...more)).toMatchObject({
      options: {
        tls: { port: 0, certificateFile: 'c.pem' },
        historyTrades: 5,
        weightPerMinute: 6,
        historicalTrades: false,
        connectsPer5Minutes: 7,
        connectionLifeMs: 8000,
      },
      faults: 'random:1:60',
    })
  })

  it.each([
    ['--source', 'synthetic', '--symbol-count', '2', '--symbols', 'A'],
    ['--source', 'elsewhere'],
    ['--source', 'recording:'],
    ['--source', 'synthetic', '--speed', 'fast'],
    ['--source', 'synthetic', '--port', ''],
    ['--source', 'synthetic', '--shift', 'then'],
    ['--source', 'synthetic', 'more'],
  ])('refuses %s %s %s %s', async (...args) => {
    await expect(parse(...args)).rejects.toThrow()
  })
})
