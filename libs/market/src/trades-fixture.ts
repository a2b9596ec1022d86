import type { Trade } from '@tidemark/schemas'

/** 2024-08-08 23:55:00 UTC: the start of the window that trades of this fixture are in, unless they say otherwise. */
export const fixtureStartMs = 1_723_161_300_000

/** A trade with what matters to a test; the rest is filled in. */
export function tradeOf(fields: Partial<Trade> & { trade_id: number }): Trade {
  const trade_time_ms = fields.trade_time_ms ?? fixtureStartMs
  return {
    event_type: 'trade',
    event_time_ms: trade_time_ms + 1,
    symbol: 'BTCUSDT',
    price: 100,
    quantity: 1,
    is_buyer_maker: false,
    ingestion_time_ms: trade_time_ms + 2,
    latency_ms: 1,
    ...fields,
    trade_time_ms,
  }
}
