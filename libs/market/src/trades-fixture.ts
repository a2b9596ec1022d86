import type { MarketMetrics, Trade } from '@tidemark/schemas'
import { marketMetrics } from './market-metrics.ts'
import { SymbolFlow, type FlowItem, type SymbolFlowOptions } from './symbol-flow.ts'
import { windowSizeMs } from './window-size.ts'

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

/** What a symbol's flow makes of trades, which are given in sequence, but for those that come late. */
export function flowOf(trades: readonly Trade[], options: Partial<SymbolFlowOptions> = {}): FlowItem[] {
  const flow = new SymbolFlow('BTCUSDT', { whaleFloor: () => undefined, vpinBucket: () => undefined, ...options })
  return trades.flatMap((trade): FlowItem[] => {
    const gap = flow.gapBefore(trade)
    const item = { ...flow.add(trade, -Infinity) }
    return gap === undefined ? [item] : [gap.hole, item]
  })
}

/** The metrics of trades that lie in one window. */
export function metricsOf(
  window: string,
  trades: readonly Trade[],
  options: Partial<SymbolFlowOptions> = {},
): MarketMetrics {
  const aggregator = marketMetrics(window)
  const state = flowOf(trades, options).reduce((folded, item) => aggregator.add(folded, item), aggregator.init())
  const sizeMs = windowSizeMs(window)
  const timeMs = trades[0]?.trade_time_ms ?? fixtureStartMs
  const startMs = timeMs - (timeMs % sizeMs)
  const bounds = { startMs, endMs: startMs + sizeMs }
  return aggregator.result(state, { key: 'BTCUSDT', window: bounds, lateCount: 3, nowMs: 42 })
}
