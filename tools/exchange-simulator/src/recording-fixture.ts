import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

/** One trade of a made-up recording. */
export interface FixtureTrade {
  readonly symbol: string
  readonly tradeId: number
  readonly receivedAtMs: number
}

/** The frame of a trade as a combined connection carries it; event time is a second after the receive time. */
export function fixtureFrame({ symbol, tradeId, receivedAtMs }: FixtureTrade): string {
  const timeMs = receivedAtMs + 1000
  return (
    `{"stream":"${symbol.toLowerCase()}@trade","data":{"e":"trade","E":${timeMs},"s":"${symbol}","t":${tradeId},` +
    `"p":"61837.63000000","q":"0.02000000","T":${timeMs},"m":true,"M":true}}`
  )
}

export const FIXTURE_START_MS = 1_723_161_254_000

/** Trades of two symbols in turns, 10 ms apart. */
export function fixtureTrades(count: number): FixtureTrade[] {
  return Array.from({ length: count }, (_, index) => ({
    symbol: index % 2 === 0 ? 'BTCUSDT' : 'ETHUSDT',
    tradeId: (index % 2 === 0 ? 1000 : 500_000) + Math.floor(index / 2),
    receivedAtMs: FIXTURE_START_MS + index * 10,
  }))
}

export function recordingText(trades: readonly FixtureTrade[]): string {
  return trades.map((trade) => `${trade.receivedAtMs}000000 ${fixtureFrame(trade)}\n`).join('')
}

/** Writes a file into a directory of its own; disposing removes both. */
export async function temporaryFile(content: string, options: { gzip?: boolean } = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), 'exchange-simulator-'))
  const file = path.join(directory, 'recording')
  await writeFile(file, options.gzip === true ? gzipSync(content) : content)
  return { file, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) }
}
