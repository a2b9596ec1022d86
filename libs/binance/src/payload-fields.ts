import { parsePositiveDecimal } from './decimal.ts'
import { quoted, type Flaw } from './rejection.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** From here on a time can't be milliseconds (the year 5138), and as microseconds it is after 1973. */
export const firstMicroseconds = 100_000_000_000_000

export function isFlaw(value: object): value is Flaw {
  return 'code' in value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function notA(expected: string, field: string, value: unknown): Flaw {
  if (value === undefined) return { code: 'missing-field', message: `field ${field} is missing` }
  return { code: 'wrong-type', message: `field ${field} is ${quoted(value)}, not a ${expected}` }
}

export function readSymbol(payload: JsonObject, field = 's'): string | Flaw {
  const value = payload[field]
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return value
  return notA('symbol', field, value)
}

/** JSON.parse rounds an integer above 2^53 without a word; none of those can be trusted to be the one that was sent. */
export function readInteger(payload: JsonObject, field: string): number | Flaw {
  const value = payload[field]
  if (typeof value !== 'number') return notA('number', field, value)
  if (Number.isSafeInteger(value) && value >= 0) return value
  if (value > Number.MAX_SAFE_INTEGER) {
    return { code: 'unsafe-integer', message: `field ${field} is above 2^53 - 1, where numbers lose digits` }
  }
  return { code: 'wrong-type', message: `field ${field} is ${value}, not an integer of zero or more` }
}

/** Milliseconds, of a field in milliseconds or microseconds: which, is told by its magnitude. */
export function readTimeMs(payload: JsonObject, field: string): number | Flaw {
  const value = readInteger(payload, field)
  return typeof value === 'number' && value >= firstMicroseconds ? Math.floor(value / 1000) : value
}

export function readPositiveDecimal(payload: JsonObject, field: string, what: string): number | Flaw {
  const value = payload[field]
  if (typeof value !== 'string') return notA('string', field, value)
  return parsePositiveDecimal(value, what)
}
