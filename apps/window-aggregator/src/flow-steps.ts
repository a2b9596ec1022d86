import { SymbolFlow, type FlowItem, type SymbolFlowOptions } from '@tidemark/market'
import type { MarketAnomaly, Trade, WhaleOrder } from '@tidemark/schemas'
import type { ProcessOptions } from '@tidemark/streams'

/** What is asked of a trade. */
export type FlowedTrade = Pick<Trade, 'trade_id' | 'trade_time_ms' | 'price' | 'quantity' | 'is_buyer_maker'>

/** What a symbol's trades tell, trade by trade: for its windows, and by itself. */
export type FlowOutput =
  | FlowItem
  | { readonly kind: 'whale'; readonly order: WhaleOrder }
  | { readonly kind: 'gap'; readonly anomaly: MarketAnomaly }

/**
 * Hands a symbol's trades, in sequence but for those that come late, to its `SymbolFlow`. A hole in the ids is told at the time of the trade
 * before it, or of a later promise that all is there: so to the windows that it may have begun in. Whale orders are told when the
 * watermark has passed their time.
 */
export function flowSteps(options: SymbolFlowOptions): ProcessOptions<FlowedTrade, SymbolFlow, FlowOutput> {
  return {
    name: 'symbol-flow',
    init: (symbol) => new SymbolFlow(symbol, options),
    snapshot: (flow) => flow.snapshot(),
    restore: (data) => SymbolFlow.restore(data, options),
    onRecord(trade, context) {
      const { state: flow, watermarkMs } = context
      const gap = flow.gapBefore(trade)
      if (gap !== undefined) {
        context.forward({ kind: 'gap', anomaly: gap.anomaly })
        context.forward(gap.hole, Math.max(gap.fromMs, watermarkMs))
      }
      const item = flow.add(trade, watermarkMs)
      if (item.whale?.orders === 1) context.setTimer(item.trade_time_ms + 1)
      context.forward(item)
    },
    timers: {
      graceMs: 0,
      onTimer(context) {
        for (const order of context.state.takeWhales(context.timestampMs)) context.forward({ kind: 'whale', order })
      },
    },
  }
}
