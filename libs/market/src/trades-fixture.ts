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

/** How a trade differs from the one before it. */
export interface TradeStep {
  /** Ids left out before it. */
  readonly hole: number
  readonly time: 'same' | 'any'
  readonly side: 'same' | 'other'
  /** Into the window, where `time` is any. */
  readonly atMs: number
  readonly price: number
  readonly quantity: number
}

/** Trades of one window by ascending ids. */
export function steppedTrades(firstId: number, steps: readonly TradeStep[]): Trade[] {
  let trade_id = firstId
  let trade_time_ms = fixtureStartMs + (steps[0]?.atMs ?? 0)
  let is_buyer_maker = true
  return steps.map(({ hole, time, side, atMs, price, quantity }) => {
    trade_id += 1 + hole
    if (time === 'any') trade_time_ms = fixtureStartMs + atMs
    if (side === 'other') is_buyer_maker = !is_buyer_maker
    return tradeOf({ trade_id, trade_time_ms, is_buyer_maker, price, quantity })
  })
}
