import type { Candle } from './jobs/candle.ts'

/** Candles of one side, by symbol and window start. */
export type Candles = ReadonlyMap<string, Candle>

const equalFields = ['startMs', 'trades', 'firstId', 'lastId', 'whales', 'open', 'high', 'low', 'close'] as const
const nearFields = ['base', 'quote', 'vwap', 'buy', 'sell', 'realisedVariance'] as const
/** Relative: the two sides' logarithms differ in the last bit. */
const TOLERANCE = 1e-12
const MAX_SHOWN = 5

/** What differs between the candles of two sides: nothing where both did the whole job, which is not where both have none. At most a few are named. */
export function differences(ours: Candles, theirs: Candles): string[] {
  if (ours.size === 0 && theirs.size === 0) return ['neither side has a result']
  const found: string[] = []
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    if (found.length >= MAX_SHOWN) break
    const [left, right] = [ours.get(key), theirs.get(key)]
    if (left === undefined || right === undefined) {
      found.push(`${key}: only ${left === undefined ? 'the peer' : 'tidemark'} has it`)
      continue
    }
    for (const field of equalFields) if (left[field] !== right[field]) found.push(differing(key, field, [left, right]))
    for (const field of nearFields) {
      if (!isNear(left[field], right[field])) found.push(differing(key, field, [left, right]))
    }
  }
  return found
}

function isNear(left: number, right: number): boolean {
  return Math.abs(left - right) <= TOLERANCE * Math.max(Math.abs(left), Math.abs(right))
}

function differing(key: string, field: keyof Candle, [left, right]: readonly [Candle, Candle]): string {
  return `${key}: ${field} is ${left[field]} at tidemark, ${right[field]} at the peer`
}
