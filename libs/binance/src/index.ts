export { connectTrades, defaultFeedLimits, type ConnectTradesOptions, type FeedLimits } from './connect-trades.ts'
export type { FeedBatch, FeedItem } from './feed-buffer.ts'
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
export { maxStreamsPerConnection, tradeStreamUrl } from './stream-url.ts'
export {
  TradeHistoryError,
  type LastTrade,
  type TradeHistory,
  type TradeHistoryErrorCode,
  type TradePage,
  type TradeRange,
} from './trade-history.ts'
export type { FeedCounters, FeedLogger, FeedState, TradeFeed } from './trade-feed.ts'
