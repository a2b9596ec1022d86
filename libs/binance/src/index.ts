export { connectTrades, type ConnectTradesOptions } from './connect-trades.ts'
export { defaultFeedLimits, type FeedLimits } from './feed-limits.ts'
export { defaultContinuityLimits, type ContinuityLimits } from './continuity/continuity-limits.ts'
export type { SymbolStart } from './continuity/continuity.ts'
export type { FeedBatch, FeedItem, GapItem, HeartbeatItem } from './feed-buffer.ts'
export { systemClock, type FeedClock } from './feed-clock.ts'
export {
  defaultMaxFrameBytes,
  parseFrame,
  type Frame,
  type FrameContext,
  type OtherEventFrame,
  type RejectedFrame,
  type ReplyFrame,
  type TradeFrame,
} from './frame-parser.ts'
export {
  klineIntervals,
  type AggTrade,
  type AggTradeEvent,
  type BookTicker,
  type Kline,
  type KlineEvent,
  type KlineInterval,
} from './market-events.ts'
export { probeExchange, type ProbeResult } from './probe-exchange.ts'
export { rejectCodes, type RejectCode } from './rejection.ts'
export { defaultDriftPpm, type ClockOffset } from './rest/clock-offset.ts'
export { trackExchangeClock, type ExchangeClock, type ExchangeClockOptions } from './rest/exchange-clock.ts'
export { defaultRatePolicy, type RatePolicy } from './rest/rate-budget.ts'
export {
  ExchangeRest,
  maxRestRows,
  type ExchangeRestOptions,
  type IdRange,
  type PastRange,
} from './rest/exchange-rest.ts'
export { defaultRestLimits, type RestLimits } from './rest/rest-client.ts'
export { RestError, type RestErrorCode } from './rest/rest-error.ts'
export { restTradeHistory } from './rest/rest-history.ts'
export {
  checkSymbols,
  requireSymbols,
  UnknownSymbolsError,
  type SymbolCheck,
  type UnknownSymbol,
} from './rest/symbol-check.ts'
export type { DailyTicker, ExchangeInfo, Price, ServerTime, SymbolInfo, TradeRows } from './rest/rest-rows.ts'
export { maxStreamsPerConnection, tradeStreamUrl } from './stream-url.ts'
export {
  TradeHistoryError,
  type LastTrade,
  type TradeHistory,
  type TradeHistoryErrorCode,
  type RejectedTrade,
  type TradePage,
  type TradeRange,
} from './trade-history.ts'
export type { FeedCounters, FeedLogger, FeedState, TradeFeed } from './trade-feed.ts'
