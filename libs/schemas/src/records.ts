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
  /** Largest price x quantity of a single trade, in the quote asset. */
  readonly max_trade_quote: number
  /** Number of taker orders at or above the symbol's whale floor. */
  readonly whale_order_count: number
  /** Their volume, in the quote asset. */
  readonly whale_quote_volume: number
  /** The part of it whose aggressor bought, in the quote asset. */
  readonly whale_buy_quote_volume: number
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
  /** `open`, `filled` (all of it is in the topic), `unfillable` (the exchange has none of it) or `given_up`. */
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
  /** When the exchange sent the event; milliseconds since the epoch. */
  readonly event_time_ms: number
  /** Trading pair in upper case, such as `BTCUSDT`. */
  readonly symbol: string
  /** The exchange's number of the trade: contiguous within a symbol. */
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
  /** ingestion_time_ms - event_time_ms, in milliseconds; negative where the clocks differ. */
  readonly latency_ms: number
}

/** The records on the wire, by the name of their schema. */
export interface WireRecords {
  readonly Alert: Alert
  readonly MarketMetrics: MarketMetrics
  readonly TradeGap: TradeGap
  readonly TradePosition: TradePosition
  readonly Trade: Trade
}

/** Name of a schema in `recordSchemas`. */
export type SchemaName = keyof WireRecords

/** The Avro schemas themselves. */
export const recordSchemas: { readonly [N in SchemaName]: RecordSchema } = {
  Alert: {
    type: 'record',
    name: 'Alert',
    namespace: 'tidemark',
    doc: 'A state of an alert, written by the rule engine when it changes.',
    fields: [
      {
        name: 'id',
        type: 'string',
        doc: 'The same for the same alert in every replay: rule, symbol, window and the start of the window that fired.',
      },
      { name: 'rule', type: 'string', doc: 'Name of the rule that fired.' },
      { name: 'symbol', type: 'string', doc: 'Trading pair in upper case, such as `BTCUSDT`.' },
      { name: 'severity', type: 'string', doc: 'How urgent: `info`, `warning` or `critical`.' },
      { name: 'status', type: 'string', doc: '`firing`, or `resolved` once the condition has ended.' },
      { name: 'value', type: 'double', doc: "What was measured, in the unit of the rule's metric." },
      { name: 'threshold', type: 'double', doc: 'What it was compared with, in the same unit.' },
      {
        name: 'started_at_ms',
        type: 'long',
        doc: 'End of the window that fired (event time); milliseconds since the epoch.',
      },
      {
        name: 'resolved_at_ms',
        type: ['null', 'long'],
        default: null,
        doc: 'End of the window that resolved it (event time); milliseconds since the epoch; null while it fires.',
      },
      { name: 'text', type: 'string', doc: 'One sentence for people.' },
      {
        name: 'window',
        type: ['null', 'string'],
        default: null,
        doc: 'Size of the window that was judged, such as `1m`; null where the alert is not about a window.',
      },
      {
        name: 'window_start_ms',
        type: ['null', 'long'],
        default: null,
        doc: 'First millisecond of that window, since the epoch; null where the alert is not about a window.',
      },
    ],
  },
  MarketMetrics: {
    type: 'record',
    name: 'MarketMetrics',
    namespace: 'tidemark',
    doc: 'What happened to one symbol in one window: the final result, written when the window closes.',
    fields: [
      { name: 'symbol', type: 'string', doc: 'Trading pair in upper case, such as `BTCUSDT`.' },
      { name: 'window', type: 'string', doc: 'Size of the window: `10s`, `1m`, `5m`, `15m` or `1h`.' },
      { name: 'window_start_ms', type: 'long', doc: 'First millisecond of the window, since the epoch.' },
      { name: 'window_end_ms', type: 'long', doc: 'First millisecond after the window, since the epoch.' },
      { name: 'trade_count', type: 'long', doc: 'Number of trades, each trade id once.' },
      { name: 'first_trade_id', type: 'long', doc: 'Lowest trade id.' },
      { name: 'last_trade_id', type: 'long', doc: 'Highest trade id.' },
      {
        name: 'missing_trades',
        type: 'long',
        doc: 'Number of ids between the first and the last that were never seen.',
      },
      { name: 'open', type: 'double', doc: 'Price of the lowest trade id, in the quote asset.' },
      { name: 'high', type: 'double', doc: 'Highest price, in the quote asset.' },
      { name: 'low', type: 'double', doc: 'Lowest price, in the quote asset.' },
      { name: 'close', type: 'double', doc: 'Price of the highest trade id, in the quote asset.' },
      { name: 'base_volume', type: 'double', doc: 'Sum of quantities, in the base asset.' },
      { name: 'quote_volume', type: 'double', doc: 'Sum of price x quantity, in the quote asset.' },
      { name: 'vwap', type: 'double', doc: 'quote_volume / base_volume, in the quote asset.' },
      { name: 'buy_base_volume', type: 'double', doc: 'Volume of trades whose aggressor bought, in the base asset.' },
      { name: 'sell_base_volume', type: 'double', doc: 'Volume of trades whose aggressor sold, in the base asset.' },
      { name: 'buy_quote_volume', type: 'double', doc: 'Volume of trades whose aggressor bought, in the quote asset.' },
      { name: 'sell_quote_volume', type: 'double', doc: 'Volume of trades whose aggressor sold, in the quote asset.' },
      {
        name: 'buy_sell_ratio',
        type: ['null', 'double'],
        default: null,
        doc: 'buy_base_volume / sell_base_volume, a plain number; null where nothing was sold.',
      },
      {
        name: 'order_flow_imbalance',
        type: 'double',
        doc: '(buy - sell) / (buy + sell) of the quote volumes: from -1 (all sold) to 1 (all bought).',
      },
      {
        name: 'realized_variance',
        type: 'double',
        doc: "Sum of squared log returns over the window's grid of 60 prices; not annualised.",
      },
      {
        name: 'realized_volatility',
        type: 'double',
        doc: 'Square root of realized_variance, annualised over 365 days; 0.5 is 50 % a year.',
      },
      {
        name: 'max_trade_quote',
        type: 'double',
        doc: 'Largest price x quantity of a single trade, in the quote asset.',
      },
      { name: 'whale_order_count', type: 'long', doc: "Number of taker orders at or above the symbol's whale floor." },
      { name: 'whale_quote_volume', type: 'double', doc: 'Their volume, in the quote asset.' },
      {
        name: 'whale_buy_quote_volume',
        type: 'double',
        doc: 'The part of it whose aggressor bought, in the quote asset.',
      },
      {
        name: 'late_trades',
        type: 'long',
        doc: 'Trades of the symbol judged late for this window size since its previous result.',
      },
      {
        name: 'emitted_at_ms',
        type: 'long',
        doc: 'When the result left the computation (processing time); milliseconds since the epoch. The only field a replay changes.',
      },
    ],
  },
  TradeGap: {
    type: 'record',
    name: 'TradeGap',
    namespace: 'tidemark',
    doc: "A range of trade ids of one symbol that did not come from the exchange's stream, and what became of it.",
    fields: [
      {
        name: 'gap_id',
        type: 'string',
        doc: 'Symbol and first id, such as `BTCUSDT:3735683259`; the last record of an id is what holds.',
      },
      { name: 'symbol', type: 'string', doc: 'Trading pair in upper case, such as `BTCUSDT`.' },
      { name: 'from_trade_id', type: 'long', doc: 'First id of the range.' },
      { name: 'to_trade_id', type: 'long', doc: 'Last id of the range; of an open gap, as far as is known.' },
      {
        name: 'cause',
        type: 'string',
        doc: '`reconnect`, `skip` (within a connection), `restart` (missed while the producer was down) or `overload` (dropped here).',
      },
      {
        name: 'status',
        type: 'string',
        doc: '`open`, `filled` (all of it is in the topic), `unfillable` (the exchange has none of it) or `given_up`.',
      },
      {
        name: 'detected_at_ms',
        type: 'long',
        doc: 'Event time at which it was noticed; milliseconds since the epoch.',
      },
      {
        name: 'resolved_at_ms',
        type: ['null', 'long'],
        default: null,
        doc: 'Event time at which it was decided; milliseconds since the epoch; null while it is open.',
      },
      {
        name: 'reason',
        type: ['null', 'string'],
        default: null,
        doc: 'Why it is not filled, for people; null where it is, or may still be.',
      },
    ],
  },
  TradePosition: {
    type: 'record',
    name: 'TradePosition',
    namespace: 'tidemark',
    doc: "How far a symbol's trades are written: committed with them, so that a restart goes on from exactly there.",
    fields: [
      { name: 'symbol', type: 'string', doc: 'Trading pair in upper case, such as `BTCUSDT`.' },
      { name: 'trade_id', type: 'long', doc: 'Every id up to this one is written, or in a gap that is decided.' },
      {
        name: 'trade_time_ms',
        type: 'long',
        doc: 'Event time of the last trade written; milliseconds since the epoch; 0 before the first one.',
      },
      {
        name: 'watermark_ms',
        type: ['null', 'long'],
        default: null,
        doc: 'The last heartbeat written; milliseconds since the epoch; null before the first one.',
      },
      {
        name: 'open_gap_from_id',
        type: ['null', 'long'],
        default: null,
        doc: 'First id of the gap that is open, which names it; null where there is none.',
      },
    ],
  },
  Trade: {
    type: 'record',
    name: 'Trade',
    namespace: 'tidemark',
    doc: 'One trade as the exchange reported it, with the times of its way here.',
    fields: [
      { name: 'event_type', type: 'string', doc: "The exchange's word for the event: `trade`." },
      { name: 'event_time_ms', type: 'long', doc: 'When the exchange sent the event; milliseconds since the epoch.' },
      { name: 'symbol', type: 'string', doc: 'Trading pair in upper case, such as `BTCUSDT`.' },
      { name: 'trade_id', type: 'long', doc: "The exchange's number of the trade: contiguous within a symbol." },
      { name: 'price', type: 'double', doc: 'Price of one unit of the base asset, in the quote asset; above zero.' },
      { name: 'quantity', type: 'double', doc: 'Amount traded, in the base asset; above zero.' },
      {
        name: 'trade_time_ms',
        type: 'long',
        doc: 'When the trade took place (event time); milliseconds since the epoch.',
      },
      {
        name: 'is_buyer_maker',
        type: 'boolean',
        doc: "True where the buyer's order was waiting in the book: the aggressor sold.",
      },
      {
        name: 'ingestion_time_ms',
        type: 'long',
        doc: 'When the trade was received here; milliseconds since the epoch.',
      },
      {
        name: 'latency_ms',
        type: 'long',
        doc: 'ingestion_time_ms - event_time_ms, in milliseconds; negative where the clocks differ.',
      },
    ],
  },
}
