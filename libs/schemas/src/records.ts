// Generated from avro/*.avsc by `npm run generate`: change those.

/** A field of a record: an Avro primitive, or a primitive that may be null. */
export interface FieldSchema {
  readonly name: string
  readonly type: string | readonly string[]
  /** What it is, with its unit. */
  readonly doc: string
  readonly default?: null
}

/** An Avro record schema, as it is registered. */
export interface RecordSchema {
  readonly type: 'record'
  readonly name: SchemaName
  readonly namespace: string
  readonly doc: string
  readonly fields: readonly FieldSchema[]
}

/** A state of an alert, written by the rule engine when it changes. */
export interface Alert {
  /** The same for the same alert in every replay: rule, symbol, window and the start of the window that fired. */
  readonly id: string
  /** Name of the rule that fired. */
  readonly rule: string
  /** Trading pair in upper case, such as `BTCUSDT`. */
  readonly symbol: string
  /** How urgent: `info`, `warning` or `critical`. */
  readonly severity: string
  /** `firing`, or `resolved` once the condition has ended. */
  readonly status: string
  /** What was measured, in the unit of the rule's metric. */
  readonly value: number
  /** What it was compared with, in the same unit. */
  readonly threshold: number
  /** End of the window that fired (event time); milliseconds since the epoch. */
  readonly started_at_ms: number
  /** End of the window that resolved it (event time); milliseconds since the epoch; null while it fires. */
  readonly resolved_at_ms: number | null
  /** One sentence for people. */
  readonly text: string
  /** Size of the window that was judged, such as `1m`; null where the alert is not about a window. */
  readonly window: string | null
  /** First millisecond of that window, since the epoch; null where the alert is not about a window. */
  readonly window_start_ms: number | null
}

/** Something unusual about one symbol: in a window, or ids that never came. */
export interface MarketAnomaly {
  /** The same for the same anomaly in every replay: kind, symbol, and window and its start or the missing ids. */
  readonly id: string
  /** Trading pair in upper case, such as `BTCUSDT`. */
  readonly symbol: string
  /** `volume_spike`, `price_jump`, `flow_imbalance` or `data_gap`. */
  readonly kind: string
  /** Size of the window that was judged, such as `1m`; null for a data gap. */
  readonly window: string | null
  /** First millisecond of that window, since the epoch; for a data gap the time of the last trade before it. */
  readonly window_start_ms: number
  /** First millisecond after that window, since the epoch; for a data gap the time of the first trade behind it. */
  readonly window_end_ms: number
  /** What was judged: ln(1 + quote_volume), ln(close / open), order_flow_imbalance, or the number of missing ids. */
  readonly value: number
  /** What it was compared with, in the same unit: the exponentially weighted mean of earlier windows; 0 for a data gap. */
  readonly baseline: number
  /** How far the value is from the baseline: in standard deviations, or the number of missing ids. */
  readonly score: number
  /** The score, as a magnitude, from which on it is an anomaly. */
  readonly threshold: number
  /** First of the ids that never came; null where it is not a data gap. */
  readonly first_missing_id: number | null
  /** Last of the ids that never came; null where it is not a data gap. */
  readonly last_missing_id: number | null
  /** The watermark from which on it can be known (event time): the end of the window, or window_end_ms of a data gap; milliseconds since the epoch. */
  readonly detected_at_ms: number
}

/** What happened to one symbol in one window: the final result, written when the window closes. */
export interface MarketMetrics {
  /** Trading pair in upper case, such as `BTCUSDT`. */
  readonly symbol: string
  /** Size of the window: `10s`, `1m`, `5m`, `15m` or `1h`. */
  readonly window: string
  /** First millisecond of the window, since the epoch. */
  readonly window_start_ms: number
  /** First millisecond after the window, since the epoch. */
  readonly window_end_ms: number
  /** Number of trades, each trade id once. */
  readonly trade_count: number
  /** Lowest trade id. */
  readonly first_trade_id: number
  /** Highest trade id. */
  readonly last_trade_id: number
  /** Number of ids between the first and the last that were never seen. */
  readonly missing_trades: number
  /** True where every id from the symbol's trade before the window to the one after it was seen; null in records of before it was told. */
  readonly complete: boolean | null
  /** Price of the lowest trade id, in the quote asset. */
  readonly open: number
  /** Highest price, in the quote asset. */
  readonly high: number
  /** Lowest price, in the quote asset. */
  readonly low: number
  /** Price of the highest trade id, in the quote asset. */
  readonly close: number
  /** Sum of quantities, in the base asset. */
  readonly base_volume: number
  /** Sum of price x quantity, in the quote asset. */
  readonly quote_volume: number
  /** quote_volume / base_volume, in the quote asset. */
  readonly vwap: number
  /** Volume of trades whose aggressor bought, in the base asset. */
  readonly buy_base_volume: number
  /** Volume of trades whose aggressor sold, in the base asset. */
  readonly sell_base_volume: number
  /** Volume of trades whose aggressor bought, in the quote asset. */
  readonly buy_quote_volume: number
  /** Volume of trades whose aggressor sold, in the quote asset. */
  readonly sell_quote_volume: number
  /** buy_base_volume / sell_base_volume, a plain number; null where nothing was sold. */
  readonly buy_sell_ratio: number | null
  /** (buy - sell) / (buy + sell) of the quote volumes: from -1 (all sold) to 1 (all bought). */
  readonly order_flow_imbalance: number
  /** Sum of squared log returns over the window's grid of 60 prices; not annualised. */
  readonly realized_variance: number
  /** Square root of realized_variance, annualised over 365 days; 0.5 is 50 % a year. */
  readonly realized_volatility: number
  /** pi / 2 times the sum of abs(r_i) x abs(r_i-1) over the same returns: the variance that is left without jumps; not annualised. */
  readonly bipower_variation: number | null
  /** Volatility from the window's high and low (Parkinson 1980), annualised over 365 days. */
  readonly parkinson_volatility: number | null
  /** Volatility from the window's open, high, low and close (Garman and Klass 1980), annualised over 365 days. */
  readonly garman_klass_volatility: number | null
  /** Largest price x quantity of a single trade, in the quote asset. */
  readonly max_trade_quote: number
  /** Number of taker orders at or above the symbol's whale floor. */
  readonly whale_order_count: number
  /** Their volume, in the quote asset. */
  readonly whale_quote_volume: number
  /** The part of it whose aggressor bought, in the quote asset. */
  readonly whale_buy_quote_volume: number
  /** How many standard deviations ln(1 + quote_volume) is above its mean over earlier windows of this size; null for a symbol's first 20 windows. */
  readonly volume_zscore: number | null
  /** True where volume_zscore is 3 or more. */
  readonly is_volume_spike: boolean | null
  /** Mean of abs(buy - sell) / (buy + sell) over the last 50 volume buckets completed before the window's end, from 0 to 1; null until there are 50. */
  readonly vpin: number | null
  /** Trades of the symbol judged late for this window size since its previous result. */
  readonly late_trades: number
  /** When the result left the computation (processing time); milliseconds since the epoch. The only field a replay changes. */
  readonly emitted_at_ms: number
}

/** A range of trade ids of one symbol that did not come from the exchange's stream, and what became of it. */
export interface TradeGap {
  /** Symbol and first id, such as `BTCUSDT:3735683259`; the last record of an id is what holds. */
  readonly gap_id: string
  /** Trading pair in upper case, such as `BTCUSDT`. */
  readonly symbol: string
  /** First id of the range. */
  readonly from_trade_id: number
  /** Last id of the range; of an open gap, as far as is known. */
  readonly to_trade_id: number
  /** `reconnect`, `skip` (within a connection), `restart` (missed while the producer was down) or `overload` (dropped here). */
  readonly cause: string
  /** `open`, `filled` (all of it is in the topic), `unfillable` (the exchange serves none of it: there is none, or it is too old) or `given_up` (not had in time, or a dead letter). */
  readonly status: string
  /** Event time at which it was noticed; milliseconds since the epoch. */
  readonly detected_at_ms: number
  /** Event time at which it was decided; milliseconds since the epoch; null while it is open. */
  readonly resolved_at_ms: number | null
  /** Why it is not filled, for people; null where it is, or may still be. */
  readonly reason: string | null
}

/** How far a symbol's trades are written: committed with them, so that a restart goes on from exactly there. */
export interface TradePosition {
  /** Trading pair in upper case, such as `BTCUSDT`. */
  readonly symbol: string
  /** Every id up to this one is written, or in a gap that is decided. */
  readonly trade_id: number
  /** Event time of the last trade written; milliseconds since the epoch; 0 before the first one. */
  readonly trade_time_ms: number
  /** The last heartbeat written; milliseconds since the epoch; null before the first one. */
  readonly watermark_ms: number | null
  /** First id of the gap that is open, which names it; null where there is none. */
  readonly open_gap_from_id: number | null
}

/** One trade as the exchange reported it, with the times of its way here. */
export interface Trade {
  /** The exchange's word for the event: `trade`. */
  readonly event_type: string
  /** When the exchange sent the event; of a trade that was filled over REST, which has no such time, its trade_time_ms; milliseconds since the epoch. */
  readonly event_time_ms: number
  /** Trading pair in upper case, such as `BTCUSDT`. */
  readonly symbol: string
  /** The exchange's number of the trade: unique and ascending within a symbol, nearly always contiguous. */
  readonly trade_id: number
  /** Price of one unit of the base asset, in the quote asset; above zero. */
  readonly price: number
  /** Amount traded, in the base asset; above zero. */
  readonly quantity: number
  /** When the trade took place (event time); milliseconds since the epoch. */
  readonly trade_time_ms: number
  /** True where the buyer's order was waiting in the book: the aggressor sold. */
  readonly is_buyer_maker: boolean
  /** When the trade was received here; milliseconds since the epoch. */
  readonly ingestion_time_ms: number
  /** ingestion_time_ms - event_time_ms, in milliseconds; negative where the clocks differ. Of a trade that was filled over REST, how long ago it took place. */
  readonly latency_ms: number
}

/** A taker order at or above its symbol's whale floor: all fills of one side and millisecond with consecutive trade ids, taken together. */
export interface WhaleOrder {
  /** Trading pair in upper case, such as `BTCUSDT`. */
  readonly symbol: string
  /** The aggressor's: `buy` or `sell`. */
  readonly side: string
  /** Trade id of its first fill. */
  readonly first_trade_id: number
  /** Trade id of its last fill. */
  readonly last_trade_id: number
  /** Number of its fills. */
  readonly fill_count: number
  /** When it took place (event time); milliseconds since the epoch. */
  readonly trade_time_ms: number
  /** quote_quantity / base_quantity, in the quote asset. */
  readonly vwap: number
  /** Sum of its fills' quantities, in the base asset. */
  readonly base_quantity: number
  /** Sum of price x quantity of its fills, in the quote asset. */
  readonly quote_quantity: number
  /** Price of its first fill, in the quote asset. */
  readonly price_from: number
  /** Price of its last fill, in the quote asset. */
  readonly price_to: number
  /** The quote quantity that made it a whale's, in the quote asset. */
  readonly threshold_quote: number
  /** Where the threshold is from: `floor`, the symbol's setting, or `quantile`, the running quantile of its taker orders. */
  readonly rule: string
}

/** The records on the wire, by the name of their schema. */
export interface WireRecords {
  readonly Alert: Alert
  readonly MarketAnomaly: MarketAnomaly
  readonly MarketMetrics: MarketMetrics
  readonly TradeGap: TradeGap
  readonly TradePosition: TradePosition
  readonly Trade: Trade
  readonly WhaleOrder: WhaleOrder
}

/** Name of a schema in `recordSchemas`. */
export type SchemaName = keyof WireRecords
