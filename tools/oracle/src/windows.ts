import { compare, type Compared } from './baseline.ts'
import { exactSum } from './exact.ts'
import { lateTrades, type Arrival } from './late-trades.ts'
import { sortedOnce, type RecordedTrade } from './recording.ts'
import { takerOrders, whaleOrders, whaleRecord, type TakerOrder, type WhaleFloor } from './taker-orders.ts'
import { volumeBuckets, vpinBefore, type FullBucket } from './volume-buckets.ts'

export interface OracleOptions extends WhaleFloor {
  /** Base volume of VPIN buckets; undefined: from the last whole day. */
  readonly vpinBucket?: number | undefined
}

export interface WindowSize {
  readonly label: string
  readonly sizeMs: number
}

const YEAR_MS = 365 * 86_400_000
const SLOTS = 60

/** What is known of a symbol's trades before they are cut in windows. */
interface SymbolTrades {
  readonly trades: readonly RecordedTrade[]
  readonly whales: readonly TakerOrder[]
  readonly buckets: readonly FullBucket[]
}

/** All windows of a symbol's trades (sorted by id, each once), in order of time, each with its metrics and anomalies. */
export function windowsOf(trades: readonly RecordedTrade[], sizes: readonly WindowSize[], options: OracleOptions) {
  const whales = whaleOrders(takerOrders(trades), options)
  const buckets = volumeBuckets(trades, options.vpinBucket)
  return sizes.flatMap((size) => judged(windowsOfSize({ trades, whales, buckets }, size)))
}

/**
 * As `windowsOf`, of what came of a symbol in this order: with `late_trades`, and each window without the trades that came after it had closed. Their part in
 * whales, VPIN and `complete` is as if they had never come, or had come in time.
 */
export function windowsAsTheyCame(
  arrivals: readonly Arrival[],
  sizes: readonly WindowSize[],
  options: OracleOptions & { readonly graceMs: number },
) {
  const trades = sortedOnce(arrivals.flatMap((arrival) => ('watermarkMs' in arrival ? [] : arrival)))
  return sizes.flatMap((size) => {
    const late = lateTrades([...arrivals, { watermarkMs: Infinity }], { sizeMs: size.sizeMs, graceMs: options.graceMs })
    const missed = new Set(late.trades)
    const onTime = trades.filter((trade) => !missed.has(trade))
    return windowsOf(onTime, [size], options).map(({ metrics, anomalies }) => ({
      metrics: { ...metrics, late_trades: late.byWindow.get(metrics.window_start_ms) ?? 0 },
      anomalies,
    }))
  })
}

/** The whale orders of a symbol's trades, in order of their first ids. */
export function whalesOf(trades: readonly RecordedTrade[], options: OracleOptions) {
  return whaleOrders(takerOrders(trades), options).map(whaleRecord)
}

/** The holes in a symbol's ids, as the fields of their anomalies. */
export function gapsOf(trades: readonly RecordedTrade[]) {
  return trades.flatMap((trade, index) => {
    const before = trades[index - 1]
    if (before === undefined || trade.id === before.id + 1) return []
    const [first, last] = [before.id + 1, trade.id - 1]
    return {
      id: `data_gap:${trade.symbol}:${first}-${last}`,
      symbol: trade.symbol,
      kind: 'data_gap',
      window: null,
      window_start_ms: before.timeMs,
      window_end_ms: trade.timeMs,
      value: last - first + 1,
      baseline: 0,
      score: last - first + 1,
      threshold: 1,
      first_missing_id: first,
      last_missing_id: last,
      detected_at_ms: trade.timeMs,
    }
  })
}

function windowsOfSize(symbol: SymbolTrades, { label, sizeMs }: WindowSize) {
  const { trades } = symbol
  const startOf = ({ timeMs }: RecordedTrade) => Math.floor(timeMs / sizeMs) * sizeMs
  const places = new Map(trades.map(({ id }, index) => [id, index]))
  const whales = Map.groupBy(symbol.whales, ({ fills }) => startOf(fills[0] as RecordedTrade))
  return [...Map.groupBy(trades, startOf)]
    .sort(([a], [b]) => a - b)
    .map(([startMs, inWindow]) => {
      const before = trades[(places.get(inWindow[0]!.id) as number) - 1]
      const behind = trades[(places.get(inWindow.at(-1)!.id) as number) + 1]
      const span = inWindow.at(-1)!.id - inWindow[0]!.id + 1
      return {
        symbol: inWindow[0]!.symbol,
        window: label,
        window_start_ms: startMs,
        window_end_ms: startMs + sizeMs,
        trade_count: inWindow.length,
        first_trade_id: inWindow[0]!.id,
        last_trade_id: inWindow.at(-1)!.id,
        missing_trades: span - inWindow.length,
        complete:
          span === inWindow.length &&
          before?.id === inWindow[0]!.id - 1 &&
          (behind === undefined || behind.id === inWindow.at(-1)!.id + 1),
        ...pricesOf(inWindow, startMs, sizeMs),
        ...volumesOf(inWindow),
        ...whalesIn(whales.get(startMs) ?? []),
        vpin: vpinBefore(startMs + sizeMs, symbol.buckets),
      }
    })
}

function pricesOf(trades: readonly RecordedTrade[], startMs: number, sizeMs: number) {
  const prices = trades.map(({ price }) => price)
  const [open, close] = [prices[0] as number, prices.at(-1) as number]
  const [high, low] = [prices.reduce((a, b) => Math.max(a, b)), prices.reduce((a, b) => Math.min(a, b))]
  const returns = gridReturns(trades, startMs, sizeMs)
  const variance = exactSum(returns.map((r) => r * r))
  const range = Math.log(high / low) ** 2
  const klass = range / 2 - (2 * Math.LN2 - 1) * Math.log(close / open) ** 2
  const annualised = (each: number) => Math.sqrt((each * YEAR_MS) / sizeMs)
  return {
    open,
    high,
    low,
    close,
    realized_variance: variance,
    realized_volatility: annualised(variance),
    bipower_variation:
      (Math.PI / 2) * exactSum(returns.slice(1).map((r, index) => Math.abs(r) * Math.abs(returns[index] as number))),
    parkinson_volatility: annualised(range / (4 * Math.LN2)),
    garman_klass_volatility: annualised(Math.max(0, klass)),
  }
}

/** Log returns of the prices at 60 equal steps, each the last one so far. */
function gridReturns(trades: readonly RecordedTrade[], startMs: number, sizeMs: number): number[] {
  const slots = Map.groupBy(trades, ({ timeMs }) => Math.floor(((timeMs - startMs) * SLOTS) / sizeMs))
  const grid: number[] = []
  for (let slot = 0; slot < SLOTS; slot++) {
    const price = slots.get(slot)?.at(-1)?.price ?? grid.at(-1)
    if (price !== undefined) grid.push(price)
  }
  return grid.slice(1).map((price, index) => Math.log(price / (grid[index] as number)))
}

function volumesOf(trades: readonly RecordedTrade[]) {
  const base = (some: readonly RecordedTrade[]) => exactSum(some.map(({ quantity }) => quantity))
  const quote = (some: readonly RecordedTrade[]) => exactSum(some.map(({ price, quantity }) => price * quantity))
  const [buys, sells] = [trades.filter(({ isBuy }) => isBuy), trades.filter(({ isBuy }) => !isBuy)]
  const [bought, sold] = [quote(buys), quote(sells)]
  return {
    base_volume: base(trades),
    quote_volume: quote(trades),
    vwap: quote(trades) / base(trades),
    buy_base_volume: base(buys),
    sell_base_volume: base(sells),
    buy_quote_volume: bought,
    sell_quote_volume: sold,
    buy_sell_ratio: sells.length === 0 ? null : base(buys) / base(sells),
    order_flow_imbalance: (bought - sold) / (bought + sold),
    max_trade_quote: trades.reduce((max, { price, quantity }) => Math.max(max, price * quantity), 0),
  }
}

function whalesIn(orders: readonly TakerOrder[]) {
  const volume = (some: readonly TakerOrder[]) =>
    exactSum(some.flatMap(({ fills }) => fills.map(({ price, quantity }) => price * quantity)))
  return {
    whale_order_count: orders.length,
    whale_quote_volume: volume(orders),
    whale_buy_quote_volume: volume(orders.filter(({ fills }) => fills[0]?.isBuy)),
  }
}

function judged(windows: ReturnType<typeof windowsOfSize>) {
  const judgements = [
    { kind: 'volume_spike', threshold: 3, sides: 'above', of: windows.map((w) => Math.log(1 + w.quote_volume)) },
    { kind: 'price_jump', threshold: 4, sides: 'both', of: windows.map((w) => Math.log(w.close / w.open)) },
    { kind: 'flow_imbalance', threshold: 3, sides: 'both', of: windows.map((w) => w.order_flow_imbalance) },
  ] as const
  const compared = judgements.map(({ of, threshold, sides }) => compare(of, threshold, sides))
  return windows.map((window, index) => {
    const anomalies = judgements.flatMap(({ kind, threshold, of }, which) => {
      const { mean, score, flagged } = compared[which]?.[index] as Compared
      if (!flagged) return []
      const { symbol, window: label, window_start_ms, window_end_ms } = window
      return {
        id: `${kind}:${symbol}:${label}:${window_start_ms}`,
        ...{ symbol, kind, window: label, window_start_ms, window_end_ms },
        ...{ value: of[index] as number, baseline: mean, score: score as number, threshold },
        ...{ first_missing_id: null, last_missing_id: null, detected_at_ms: window_end_ms },
      }
    })
    const { score, flagged } = compared[0]?.[index] as Compared
    return { metrics: { ...window, volume_zscore: score, is_volume_spike: flagged }, anomalies }
  })
}
