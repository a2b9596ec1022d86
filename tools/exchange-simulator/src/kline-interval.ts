const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** 5 January 1970 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS

/** Lengths of the intervals of candles; a month's is that of the longest. Names are case-sensitive: 1m, 1M. */
const INTERVALS_MS = {
  '1s': SECOND_MS,
  '1m': MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '2h': 2 * HOUR_MS,
  '4h': 4 * HOUR_MS,
  '6h': 6 * HOUR_MS,
  '8h': 8 * HOUR_MS,
  '12h': 12 * HOUR_MS,
  '1d': DAY_MS,
  '3d': 3 * DAY_MS,
  '1w': 7 * DAY_MS,
  '1M': 31 * DAY_MS,
} as const

export type KlineInterval = keyof typeof INTERVALS_MS

export const KLINE_INTERVALS = Object.keys(INTERVALS_MS) as readonly KlineInterval[]

/** The times `[openMs, endMs)` of one candle. */
export interface Span {
  readonly openMs: number
  readonly endMs: number
}

/** The longest that a candle of this interval can be. */
export function intervalMs(interval: KlineInterval): number {
  return INTERVALS_MS[interval]
}

/** The candle that a time falls into. `offsetMs` is what the days of a time zone begin before those of UTC. */
export function spanAt(interval: KlineInterval, timeMs: number, offsetMs = 0): Span {
  const local = timeMs + offsetMs
  if (interval === '1M') {
    const date = new Date(local)
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
    return { openMs: Date.UTC(year, month) - offsetMs, endMs: Date.UTC(year, month + 1) - offsetMs }
  }
  const length = INTERVALS_MS[interval]
  const origin = interval === '1w' ? FIRST_MONDAY_MS : 0
  const openMs = Math.floor((local - origin) / length) * length + origin - offsetMs
  return { openMs, endMs: openMs + length }
}

/** The offset of a time zone as the exchange writes it, `8`, `-1:00`, `05:45`; undefined for none that it takes. */
export function timeZoneOffsetMs(text: string): number | undefined {
  const match = /^([+-]?)(\d{1,2})(?::([0-5]\d))?$/.exec(text)
  if (match === null) return undefined
  const [, sign, hours, minutes = '0'] = match
  const offsetMs = (sign === '-' ? -1 : 1) * (Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS)
  return offsetMs >= -12 * HOUR_MS && offsetMs <= 14 * HOUR_MS ? offsetMs : undefined
}
