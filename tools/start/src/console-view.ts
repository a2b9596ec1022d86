import type { MarketMetrics } from '@tidemark/schemas'
import Table from 'cli-table3'
import type { PipelineProgress } from './drain.ts'

/** Figures of the apps for the line above the table. */
export interface PipelineFigures {
  readonly produced: number
  readonly deadLetters: number
  readonly connected: boolean
  readonly windows: number
  readonly points: number | undefined
  readonly alerts: number
  readonly lag: number | undefined
}

const decimal = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const percent = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 })

/** One line: what has gone through so far. */
export function figuresLine({
  produced,
  deadLetters,
  connected,
  windows,
  points,
  alerts,
  lag,
}: PipelineFigures): string {
  return [
    connected ? 'connected' : 'not connected',
    `trades ${whole.format(produced)}`,
    `dead letters ${whole.format(deadLetters)}`,
    `windows ${whole.format(windows)}`,
    `points ${points === undefined ? '(no InfluxDB yet)' : whole.format(points)}`,
    `alerts ${whole.format(alerts)}`,
    `lag ${lag === undefined ? '?' : whole.format(lag)}`,
  ].join(' · ')
}

/** One line: how much of a source that ends has gone through. */
export function progressLine({ source, trades, deadLetters, lag }: PipelineProgress): string {
  return [
    `trades ${whole.format(trades)} of ${whole.format(source.trades)}`,
    `dead letters ${whole.format(deadLetters)}`,
    `lag ${lag === undefined ? '?' : whole.format(lag)}`,
  ].join(' · ')
}

/** The last closed window of each symbol and size, as a table. */
export function metricsTable(latest: Iterable<MarketMetrics>): string {
  const table = new Table({
    head: ['symbol', 'window', 'from (UTC)', 'close', 'trades', 'volume (quote)', 'buy/sell', 'volatility', 'whales'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }, // no line between rows
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'right'],
  })
  const rows = [...latest].sort(
    (a, b) =>
      a.symbol.localeCompare(b.symbol) || a.window_end_ms - a.window_start_ms - (b.window_end_ms - b.window_start_ms),
  )
  for (const metrics of rows) {
    table.push([
      metrics.symbol,
      metrics.window,
      new Date(metrics.window_start_ms).toISOString().slice(11, 19),
      decimal.format(metrics.close),
      whole.format(metrics.trade_count),
      whole.format(metrics.quote_volume),
      metrics.buy_sell_ratio === null ? '–' : decimal.format(metrics.buy_sell_ratio),
      percent.format(metrics.realized_volatility),
      whole.format(metrics.whale_order_count),
    ])
  }
  return rows.length === 0 ? 'no window has closed yet' : table.toString()
}
