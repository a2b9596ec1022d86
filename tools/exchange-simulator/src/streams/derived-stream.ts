import { KLINE_INTERVALS } from '../kline-interval.ts'
import type { KlineInterval } from '../kline-interval.ts'
import { streamSymbol } from '../source-frame.ts'

const HOUR_MS = 3_600_000

/** A stream that is made of trades. */
export type DerivedStream =
  | { readonly kind: 'aggTrade' | 'bookTicker'; readonly symbol: string }
  | {
      readonly kind: 'kline'
      readonly symbol: string
      readonly interval: KlineInterval
      /** Of the time zone whose days the candles keep. */
      readonly offsetMs: number
    }

/** Undefined for the name of a stream that is not made of trades. */
export function parseDerivedStream(name: string): DerivedStream | undefined {
  const kind = name.slice(name.indexOf('@') + 1)
  const symbol = streamSymbol(name)
  if (kind === 'aggTrade' || kind === 'bookTicker') return { kind, symbol }
  const [, text, isEast] = /^kline_([^@]+)(@\+08:00)?$/.exec(kind) ?? []
  const interval = KLINE_INTERVALS.find((known) => known === text)
  if (interval === undefined) return undefined
  return { kind: 'kline', symbol, interval, offsetMs: isEast === undefined ? 0 : 8 * HOUR_MS }
}

/** Remembers for a set of subscriptions which of them are derived: sets are replaced, never changed. */
export class DerivedNames {
  readonly #isDerived: (name: string) => boolean
  readonly #known = new WeakMap<ReadonlySet<string>, readonly string[]>()

  constructor(isDerived: (name: string) => boolean) {
    this.#isDerived = isDerived
  }

  of(streams: ReadonlySet<string>): readonly string[] {
    const known = this.#known.get(streams)
    if (known !== undefined) return known
    const names = [...streams].filter(this.#isDerived)
    this.#known.set(streams, names)
    return names
  }
}
