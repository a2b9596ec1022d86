import type { Trade } from '@tidemark/schemas'
import { parsePositiveDecimal } from './decimal.ts'
import { quoted, type Flaw } from './rejection.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** From here on a time can't be milliseconds (the year 5138), and as microseconds it is after 1973. */
const firstMicroseconds = 100_000_000_000_000

/**
 * A trade from the payload of a `trade` event. Needs the fields e, E, s, t, p, q, T and m; buyer and seller order ids (`b`, `a`), which
 * older recordings have, and anything else is ignored. Times may be milliseconds or microseconds, told by magnitude.
 */
export function readTrade(payload: JsonObject, receivedAtMs: number): Trade | Flaw {
  const eventTimeMs = readTimeMs(payload, 'E')
  if (typeof eventTimeMs !== 'number') return eventTimeMs
  const symbol = readSymbol(payload)
  if (typeof symbol !== 'string') return symbol
  const tradeId = readInteger(payload, 't')
  if (typeof tradeId !== 'number') return tradeId
  const price = readDecimal(payload, 'p')
  if (typeof price !== 'number') return price
  const quantity = readDecimal(payload, 'q')
  if (typeof quantity !== 'number') return quantity
  const tradeTimeMs = readTimeMs(payload, 'T')
  if (typeof tradeTimeMs !== 'number') return tradeTimeMs
  const isBuyerMaker = payload['m']
  if (typeof isBuyerMaker !== 'boolean') return notA('boolean', 'm', isBuyerMaker)
  return {
    event_type: 'trade',
    event_time_ms: eventTimeMs,
    symbol,
    trade_id: tradeId,
    price,
    quantity,
    trade_time_ms: tradeTimeMs,
    is_buyer_maker: isBuyerMaker,
    ingestion_time_ms: receivedAtMs,
    latency_ms: receivedAtMs - eventTimeMs,
  }
}

export function isFlaw(value: Trade | Flaw): value is Flaw {
  return 'code' in value
}

export function notA(expected: string, field: string, value: unknown): Flaw {
  if (value === undefined) return { code: 'missing-field', message: `field ${field} is missing` }
  return { code: 'wrong-type', message: `field ${field} is ${quoted(value)}, not a ${expected}` }
}

function readSymbol(payload: JsonObject): string | Flaw {
  const value = payload['s']
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return value
  return notA('symbol', 's', value)
}

/** JSON.parse rounds an integer above 2^53 without a word; none of those can be trusted to be the one that was sent. */
function readInteger(payload: JsonObject, field: string): number | Flaw {
  const value = payload[field]
  if (typeof value !== 'number') return notA('number', field, value)
  if (Number.isSafeInteger(value) && value >= 0) return value
  if (value > Number.MAX_SAFE_INTEGER) {
    return { code: 'unsafe-integer', message: `field ${field} is above 2^53 - 1, where numbers lose digits` }
  }
  return { code: 'wrong-type', message: `field ${field} is ${value}, not an integer of zero or more` }
}

function readTimeMs(payload: JsonObject, field: string): number | Flaw {
  const value = readInteger(payload, field)
  return typeof value === 'number' && value >= firstMicroseconds ? Math.floor(value / 1000) : value
}

function readDecimal(payload: JsonObject, field: 'p' | 'q'): number | Flaw {
  const value = payload[field]
  if (typeof value !== 'string') return notA('string', field, value)
  return parsePositiveDecimal(value, field === 'p' ? 'price (p)' : 'quantity (q)')
}
