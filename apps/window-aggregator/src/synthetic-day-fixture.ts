import type { RecordedTrade } from '@tidemark/oracle'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

const dayMs = 86_400_000
export const dayStartMs = Date.parse('2024-08-08T00:00:00Z')
export const dayEndMs = dayStartMs + dayMs

const meanFills = 4.5

/** A symbol's day: about so many trades, the same ones for the same seed. */
export interface SymbolDay {
  readonly symbol: string
  readonly trades: number
  readonly seed: number
}

/** A day's trades of one symbol in order: orders of one to eight fills, prices in ticks, ids that are missing now and then. */
export function* tradesOfDay({ symbol, trades, seed }: SymbolDay): Generator<RecordedTrade> {
  const generator = xoroshiro128plus(seed)
  const random = () => uniformFloat64(generator)
  const exponential = () => -Math.log(1 - random())
  let [id, price] = [1_000_000 * seed, 200_000 + 10_000 * seed]
  for (let time = 0; ;) {
    time += exponential() * ((dayMs * meanFills) / trades)
    if (time >= dayMs) return
    const timeMs = dayStartMs + Math.floor(time)
    const isBuy = random() < 0.5
    if (random() < 1e-4) id += Math.ceil(random() * 5)
    for (let fill = Math.floor(random() * 8); fill >= 0; fill--) {
      price = Math.max(100, price + Math.round(random() * 4 - 2))
      const quantity = Math.ceil(exponential() * 20_000 + 1) / 10_000
      yield { symbol, id: id++, timeMs, price: price / 100, quantity, isBuy }
    }
  }
}

/** The trades of several symbols in one stream, by time. */
export function* interleaved(days: readonly SymbolDay[]): Generator<RecordedTrade> {
  const streams = days.map((day) => tradesOfDay(day))
  const next = streams.map((stream) => stream.next())
  for (;;) {
    let earliest = -1
    let earliestMs = Infinity
    for (const [index, { done, value }] of next.entries()) {
      if (done === true || value.timeMs >= earliestMs) continue
      earliest = index
      earliestMs = value.timeMs
    }
    if (earliest < 0) return
    yield next[earliest]?.value as RecordedTrade
    next[earliest] = (streams[earliest] as Generator<RecordedTrade>).next()
  }
}
