import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

export interface RecordedTrade {
  readonly symbol: string
  readonly id: number
  readonly timeMs: number
  readonly price: number
  readonly quantity: number
  /** The aggressor bought. */
  readonly isBuy: boolean
}

/** The fields of the exchange's trade event that are used. */
interface TradeFrame {
  readonly e: string
  readonly s: string
  readonly t: number
  readonly p: string
  readonly q: string
  readonly T: number
  readonly m: boolean
}

/** From here on a time is in microseconds: as milliseconds it would be in the year 5138. */
const FIRST_MICROSECONDS = 1e14

/** All trades of a recording, gzipped or plain, by symbol and id, each id once. Throws for a line that is no frame. */
export async function readTrades(path: string): Promise<Map<string, RecordedTrade[]>> {
  return bySymbol(await readArrivals(path))
}

/** As `readTrades`, but all in one, in the order in which they came. */
export async function readArrivals(path: string): Promise<RecordedTrade[]> {
  const file = createReadStream(path)
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  const trades: RecordedTrade[] = []
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line.trim() === '') continue
    const frame = JSON.parse(line.slice(line.indexOf(' ') + 1)) as { data?: TradeFrame } & Partial<TradeFrame>
    const data = frame.data ?? frame
    if (data.e === 'trade') trades.push(tradeOf(data as TradeFrame))
  }
  return trades
}

/** Trades by symbol, sorted by id, each id once. */
export function bySymbol(trades: readonly RecordedTrade[]): Map<string, RecordedTrade[]> {
  const grouped = [...Map.groupBy(trades, ({ symbol }) => symbol)].sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map(grouped.map(([symbol, all]) => [symbol, sortedOnce(all)]))
}

/** Trades of one symbol sorted by id, each id once: as it came first. */
export function sortedOnce(trades: readonly RecordedTrade[]): RecordedTrade[] {
  const sorted = trades.toSorted((a, b) => a.id - b.id)
  return sorted.filter(({ id }, index) => id !== sorted[index - 1]?.id)
}

function tradeOf({ s, t, p, q, T, m }: TradeFrame): RecordedTrade {
  const timeMs = T >= FIRST_MICROSECONDS ? Math.floor(T / 1_000) : T
  return { symbol: s, id: t, timeMs, price: Number(p), quantity: Number(q), isBuy: !m }
}
