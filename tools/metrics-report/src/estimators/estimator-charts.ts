import type { TopLevelSpec } from 'vega-lite'
import { estimators, type Estimator } from './estimates.ts'
import type { Judged } from './scenarios.ts'

const named = (estimator: Estimator) => estimator.replaceAll('_', ' ')
const order = estimators.map(named)
const color = { field: 'estimator', type: 'nominal', sort: order, title: null } as const
const percents = { format: '+.0%' } as const

/** How far each estimator is off in each market. */
export function biasChart(judged: readonly Judged[]): TopLevelSpec {
  return {
    title: 'Bias of the variance, by market',
    width: 640,
    height: 220,
    data: { values: rows(judged) },
    mark: 'bar',
    encoding: {
      x: {
        field: 'market',
        type: 'nominal',
        sort: judged.map(({ name }) => name),
        title: null,
        axis: { labelAngle: 0 },
      },
      xOffset: { field: 'estimator', sort: order },
      y: { field: 'bias', type: 'quantitative', title: 'mean estimate / truth - 1', axis: percents },
      color,
    },
  }
}

/** How the bias depends on the number of trades. */
export function tradesChart(judged: readonly Judged[]): TopLevelSpec {
  return {
    title: 'Bias of the variance, by trades in a window',
    width: 640,
    height: 220,
    data: { values: rows(judged) },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'trades', type: 'quantitative', scale: { type: 'log' }, title: 'trades in a window' },
      y: { field: 'bias', type: 'quantitative', title: 'mean estimate / truth - 1', axis: percents },
      color,
    },
  }
}

/** What a window of each estimator is worth, on a logarithmic scale. */
export function efficiencyChart({ qualities }: Judged): TopLevelSpec {
  return {
    title: 'Windows of open to close that one window is worth (Brownian motion)',
    width: 640,
    height: 140,
    data: { values: estimators.map((name) => ({ estimator: named(name), efficiency: qualities[name].efficiency })) },
    encoding: {
      y: { field: 'estimator', type: 'nominal', sort: order, title: null },
      x: { field: 'efficiency', type: 'quantitative', scale: { type: 'log', domain: [0.9, 100] }, title: 'efficiency' },
    },
    layer: [
      { mark: { type: 'point', filled: true, size: 90 } },
      {
        mark: { type: 'text', dx: 24 },
        encoding: { text: { field: 'efficiency', type: 'quantitative', format: '.1f' } },
      },
    ],
  }
}

function rows(judged: readonly Judged[]) {
  return judged.flatMap(({ name, trades, qualities }) =>
    estimators.map((estimator) => ({
      market: name,
      trades,
      estimator: named(estimator),
      bias: qualities[estimator].bias,
    })),
  )
}
