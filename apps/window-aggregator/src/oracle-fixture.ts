import { gapsOf, whalesOf, windowsOf, type OracleOptions, type RecordedTrade, type WindowSize } from '@tidemark/oracle'
import type { MarketAnomaly, MarketMetrics, Trade, WhaleOrder } from '@tidemark/schemas'
import { trade, type Outputs } from './aggregator-fixture.ts'

/** The sizes that the app has by default. */
export const allWindows = [
  { label: '10s', sizeMs: 10_000 },
  { label: '1m', sizeMs: 60_000 },
  { label: '5m', sizeMs: 300_000 },
  { label: '15m', sizeMs: 900_000 },
  { label: '1h', sizeMs: 3_600_000 },
]

/** Counts, ids, prices and exact sums: equal to the last bit. All else follows from them, and is equal to 1e-12. */
const derived = new Set([
  ...['vwap', 'buy_sell_ratio', 'order_flow_imbalance', 'realized_variance', 'realized_volatility'],
  ...['bipower_variation', 'parkinson_volatility', 'garman_klass_volatility', 'volume_zscore', 'vpin'],
  ...['value', 'baseline', 'score'],
])
const tolerance = 1e-12

type Fields = Readonly<Record<string, unknown>>

/** Records that the stream and the oracle both have. */
type Compared = Pick<Outputs, 'metrics' | 'whales' | 'anomalies'>

/** What the oracle says of the trades of some symbols: the outputs of all their windows. */
export function oracleOutputs(
  symbols: Iterable<readonly RecordedTrade[]>,
  windows: readonly WindowSize[],
  options: OracleOptions,
): Compared {
  const all = [...symbols]
  const judged = all.flatMap((trades) => windowsOf(trades, windows, options))
  return {
    metrics: judged.map(({ metrics }) => ({ ...metrics, late_trades: 0, emitted_at_ms: 0 })),
    whales: all.flatMap((trades) => whalesOf(trades, options)),
    anomalies: [...all.flatMap(gapsOf), ...judged.flatMap(({ anomalies }) => anomalies)],
  }
}

/** One line for each difference between what came out of the stream and what the oracle says; none if all is right. */
export function differences(stream: Compared, oracle: Compared): string[] {
  const windowName = ({ symbol, window, window_start_ms }: MarketMetrics) => `${symbol} ${window} ${window_start_ms}`
  const whaleName = ({ symbol, first_trade_id }: WhaleOrder) => `whale ${symbol} ${first_trade_id}`
  const anomalyName = ({ id }: MarketAnomaly) => `anomaly ${id}`
  return [
    ...compare(stream.metrics, oracle.metrics, windowName),
    ...compare(stream.whales, oracle.whales, whaleName),
    ...compare(stream.anomalies, oracle.anomalies, anomalyName),
  ]
}

function compare<R extends object>(
  actual: readonly R[],
  expected: readonly R[],
  nameOf: (record: R) => string,
): string[] {
  const byName = new Map(actual.map((record) => [nameOf(record), record]))
  const found = byName.size === actual.length ? [] : ['a record came twice']
  for (const record of expected) {
    const name = nameOf(record)
    const other = byName.get(name)
    byName.delete(name)
    if (other === undefined) found.push(`${name}: not in the stream`)
    else found.push(...fieldDifferences(name, other as Fields, record as Fields))
  }
  return [...found, ...[...byName.keys()].map((name) => `${name}: not in the oracle`)]
}

function fieldDifferences(name: string, actual: Fields, expected: Fields): string[] {
  const fields = new Set([...Object.keys(actual), ...Object.keys(expected)])
  fields.delete('emitted_at_ms')
  return [...fields].flatMap((field) => {
    const [a, e] = [actual[field], expected[field]]
    const isEqual = derived.has(field) ? isClose(a, e) : Object.is(a, e)
    return isEqual ? [] : [`${name}: ${field} is ${String(a)}, by the oracle ${String(e)}`]
  })
}

function isClose(a: unknown, e: unknown): boolean {
  if (typeof a !== 'number' || typeof e !== 'number') return a === e
  return Math.abs(a - e) <= tolerance * Math.abs(e)
}

/** A recorded trade as it is in the topic. */
export function tradeOf({ symbol, id, timeMs, price, quantity, isBuy }: RecordedTrade): Trade {
  return trade(symbol, id, timeMs, { price, quantity, is_buyer_maker: !isBuy })
}
