import { partitionForKey } from '@tidemark/streams'
import type { Trade } from '@tidemark/schemas'
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export interface TradesOptions {
  readonly count: number
  readonly symbols: readonly string[]
  /** Event time between two trades of the market. */
  readonly stepMs: number
  readonly seed: number
}

/** Trades of a symbol come in order of their ids; symbols that share a partition are up to this far apart. */
const JITTER_MS = 500
/** One trade in so many comes too late for its window, so that both sides have to tell. */
const LATE_EVERY = 5_000
const LATE_BY_MS = 20_000
const START_MS = 1_700_000_000_000
const FIRST_PRICE = 20_000
const TICK = 0.01
const LOT = 0.00001

/** Symbols of which each partition gets the same number, as the Java client would place them. */
export function evenSymbols(count: number, partitions: number): string[] {
  const places = Array.from({ length: partitions }, () => 0)
  const perPartition = Math.ceil(count / partitions)
  const symbols: string[] = []
  for (let number = 0; symbols.length < count; number++) {
    const symbol = `COIN${number}USDT`
    const partition = partitionForKey(Buffer.from(symbol), partitions)
    if (places[partition]! >= perPartition) continue
    places[partition]!++
    symbols.push(symbol)
  }
  return symbols
}

/** Trades of a seeded market: prices walk, quantities have a long tail. The object is reused. */
export function* trades({ count, symbols, stepMs, seed }: TradesOptions): Generator<Readonly<Trade>> {
  const generator = xoroshiro128plus(seed)
  const random = () => uniformFloat32(generator)
  const prices = symbols.map(() => FIRST_PRICE)
  const ids = symbols.map(() => 0)
  const trade = emptyTrade()
  for (let index = 0; index < count; index++) {
    // One of each first, so that with as many trades as symbols none is missing.
    const symbol = index < symbols.length ? index : Math.floor(random() * symbols.length)
    const price = prices[symbol]! * (1 + (random() - 0.5) * 0.0004)
    const lateMs = index % LATE_EVERY === LATE_EVERY - 1 ? LATE_BY_MS : random() * JITTER_MS
    const timeMs = Math.floor(START_MS + index * stepMs - lateMs)
    prices[symbol] = price
    trade.symbol = symbols[symbol]!
    trade.trade_id = ids[symbol]!++
    trade.price = round(price, TICK)
    trade.quantity = Math.max(LOT, round(0.02 / (random() + 0.002), LOT))
    trade.trade_time_ms = timeMs
    trade.event_time_ms = timeMs + 1
    trade.ingestion_time_ms = timeMs + 20
    trade.latency_ms = 19
    trade.is_buyer_maker = random() < 0.5
    yield trade
  }
}

/** For each symbol a trade that closes all windows before it; the first of them would do for a whole partition. */
export function* closingTrades({ count, symbols, stepMs }: TradesOptions): Generator<Readonly<Trade>> {
  const timeMs = Math.floor(START_MS + count * stepMs + 3_600_000)
  for (const symbol of symbols) {
    yield { ...emptyTrade(), symbol, price: 1, quantity: 1, trade_time_ms: timeMs, event_time_ms: timeMs }
  }
}

function round(value: number, unit: number): number {
  return Math.round(value / unit) * unit
}

function emptyTrade() {
  return {
    event_type: 'trade',
    event_time_ms: 0,
    symbol: '',
    trade_id: 0,
    price: 0,
    quantity: 0,
    trade_time_ms: 0,
    is_buyer_maker: false,
    ingestion_time_ms: 0,
    latency_ms: 0,
  }
}
