import type { Trade } from '@tidemark/schemas'
import { notA, readInteger, readPositiveDecimal, readSymbol, readTimeMs, type JsonObject } from './payload-fields.ts'
import type { Flaw } from './rejection.ts'

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
  const price = readPositiveDecimal(payload, 'p', 'price (p)')
  if (typeof price !== 'number') return price
  const quantity = readPositiveDecimal(payload, 'q', 'quantity (q)')
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
