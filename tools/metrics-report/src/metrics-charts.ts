import type { MarketMetrics } from '@tidemark/schemas'
import type { TopLevelSpec } from 'vega-lite'
import { idMarks, jumpMarks } from './window-marks.ts'

/** A picture of one metric, as `docs/metrics.md` shows it. */
export interface MetricsChart {
  /** Name of its file, without the extension. */
  readonly name: string
  /** It is drawn of a recording of which parts were lost. */
  readonly ofHoled?: true
  spec(windows: readonly MarketMetrics[]): TopLevelSpec
}

const YEAR_MS = 365 * 86_400_000
const size = { width: 640, height: 170 } as const
const time = {
  field: 'window_start_ms',
  type: 'temporal',
  scale: { type: 'utc' },
  axis: { format: '%H:%M' },
  title: null,
} as const
const sides = { domain: ['bought', 'sold'], range: ['#54a24b', '#e45756'] }
const amount = { format: '~s' } as const

/** Windows of one symbol and size, in order of time, as pictures. */
export const metricsCharts: readonly MetricsChart[] = [
  {
    name: 'price',
    spec: (values) => ({
      ...chart('Open, high, low, close, and vwap (line)', values),
      encoding: { x: time },
      layer: [
        {
          mark: 'rule',
          encoding: { y: { field: 'low', ...price }, y2: { field: 'high' } },
        },
        {
          mark: { type: 'bar', width: 5 },
          encoding: {
            y: { field: 'open', ...price },
            y2: { field: 'close' },
            color: {
              condition: { test: 'datum.close >= datum.open', value: sides.range[0]! },
              value: sides.range[1]!,
            },
          },
        },
        { mark: { type: 'line', color: '#4c78a8', strokeWidth: 1.5 }, encoding: { y: { field: 'vwap', ...price } } },
      ],
    }),
  },
  {
    name: 'volume',
    spec: (windows) =>
      twoSided(
        'Quote volume, bought and sold',
        windows.map((window) => ({ ...window, bought: window.buy_quote_volume, sold: window.sell_quote_volume })),
      ),
  },
  {
    name: 'buy-sell-ratio',
    spec: (windows) => ({
      // Where nothing was bought, or nothing sold, there is no place for it.
      ...chart(
        'Bought over sold base volume, logarithmic',
        windows.filter(({ buy_sell_ratio: ratio }) => ratio !== null && ratio > 0),
      ),
      layer: [
        {
          mark: { type: 'line', strokeWidth: 1.5 },
          encoding: {
            x: time,
            y: { field: 'buy_sell_ratio', type: 'quantitative', scale: { type: 'log' }, title: 'bought / sold' },
          },
        },
        { mark: { type: 'rule', color: '#888888', strokeDash: [4, 3] }, encoding: { y: { datum: 1 } } },
      ],
    }),
  },
  {
    name: 'largest-trade',
    spec: (values) => bars('Largest single fill', values, { field: 'max_trade_quote', title: 'USDT', axis: amount }),
  },
  {
    name: 'order-flow-imbalance',
    spec: (values) => bars('Order flow imbalance', values, { field: 'order_flow_imbalance', title: 'from -1 to 1' }),
  },
  {
    name: 'trade-count',
    spec: (values) => bars('Trades', values, { field: 'trade_count', title: 'fills' }),
  },
  {
    name: 'volatility',
    spec: (windows) => ({
      ...chart('Annualised volatility, four ways', windows.flatMap(volatilities)),
      mark: { type: 'line', strokeWidth: 1.5 },
      encoding: {
        x: time,
        y: { field: 'volatility', type: 'quantitative', title: 'a year', axis: { format: '.0%' } },
        color: { field: 'estimator', type: 'nominal', sort: null, title: null },
      },
    }),
  },
  {
    name: 'whale-orders',
    spec: (windows) =>
      twoSided(
        'Volume of whale orders',
        windows.map(({ window_start_ms, whale_quote_volume: all, whale_buy_quote_volume: bought }) => ({
          window_start_ms,
          bought,
          sold: all - bought,
        })),
      ),
  },
  {
    name: 'volume-zscore',
    spec: (values) => ({
      ...chart('Volume z-score, and the threshold of a spike', values),
      layer: [
        {
          mark: { type: 'bar', width: 6 },
          encoding: { x: time, y: { field: 'volume_zscore', type: 'quantitative', title: 'standard deviations' } },
        },
        { mark: { type: 'rule', color: sides.range[1]!, strokeDash: [4, 3] }, encoding: { y: { datum: 3 } } },
      ],
    }),
  },
  {
    name: 'price-jump',
    spec: (windows) => ({
      ...chart('Return from open to close, and from where on it is a jump', jumpMarks(windows)),
      layer: [
        {
          mark: { type: 'area', color: '#4c78a8', opacity: 0.15 },
          encoding: { x: time, y: { field: 'lowest', type: 'quantitative' }, y2: { field: 'highest' } },
        },
        {
          mark: { type: 'bar', width: 6 },
          encoding: {
            x: time,
            y: { field: 'jump', type: 'quantitative', title: 'ln(close / open)', axis: { format: '.2%' } },
            color: { condition: { test: 'datum.flagged', value: sides.range[1]! }, value: '#4c78a8' },
          },
        },
      ],
    }),
  },
  {
    name: 'completeness',
    ofHoled: true,
    spec: (windows) => ({
      ...chart('Trades seen in complete and in other windows, and ids missing in them', idMarks(windows)),
      mark: { type: 'bar', width: 6 },
      encoding: {
        x: time,
        y: { field: 'ids', type: 'quantitative', title: 'trades' },
        color: {
          field: 'kind',
          type: 'nominal',
          scale: { domain: ['complete', 'not complete', 'missing'], range: ['#4c78a8', '#f2a93b', '#e45756'] },
          title: null,
        },
      },
    }),
  },
  {
    name: 'vpin',
    spec: (values) => ({
      ...chart('VPIN over 50 buckets', values),
      mark: { type: 'line', strokeWidth: 1.5 },
      encoding: {
        x: time,
        y: { field: 'vpin', type: 'quantitative', scale: { zero: false }, title: 'from 0 to 1' },
      },
    }),
  },
]

const price = { type: 'quantitative', scale: { zero: false }, title: 'USDT' } as const

function chart<T>(title: string, values: readonly T[]) {
  return { title, ...size, data: { values: values as T[] } }
}

function bars(
  title: string,
  values: readonly MarketMetrics[],
  y: { field: string; title: string; axis?: typeof amount },
): TopLevelSpec {
  return {
    ...chart(title, values),
    mark: { type: 'bar', width: 6 },
    encoding: { x: time, y: { ...y, type: 'quantitative' } },
  }
}

interface Sided {
  readonly window_start_ms: number
  readonly bought: number
  readonly sold: number
}

/** What was bought above the line, what was sold below. */
function twoSided(title: string, windows: readonly Sided[]): TopLevelSpec {
  const values = windows.flatMap(({ window_start_ms, bought, sold }) => [
    { window_start_ms, side: 'bought', volume: bought },
    { window_start_ms, side: 'sold', volume: -sold },
  ])
  return {
    ...chart(title, values),
    mark: { type: 'bar', width: 6 },
    encoding: {
      x: time,
      y: { field: 'volume', type: 'quantitative', title: 'USDT', axis: amount },
      color: { field: 'side', type: 'nominal', scale: sides, title: null },
    },
  }
}

function volatilities(window: MarketMetrics) {
  const { window_start_ms, window_end_ms, bipower_variation } = window
  const windowsAYear = YEAR_MS / (window_end_ms - window_start_ms)
  return [
    ['realised', window.realized_volatility],
    ['bipower', bipower_variation === null ? null : Math.sqrt(bipower_variation * windowsAYear)],
    ['Parkinson', window.parkinson_volatility],
    ['Garman-Klass', window.garman_klass_volatility],
  ].map(([estimator, volatility]) => ({ window_start_ms, estimator, volatility }))
}
