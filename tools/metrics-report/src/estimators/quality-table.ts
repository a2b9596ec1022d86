import Table from 'cli-table3'
import { estimators } from './estimates.ts'
import type { Judged } from './scenarios.ts'

const columns = estimators.map((name) => name.replaceAll('_', ' '))

/** Bias and efficiency of every estimator in every market, for a terminal. */
export function qualityTable(judged: readonly Judged[]): string {
  const table = new Table({
    head: ['market', '', ...columns],
    colAligns: ['left', 'left', ...columns.map(() => 'right' as const)],
    style: { head: [], border: [] },
  })
  for (const { name, qualities } of judged) {
    table.push([name, 'bias', ...estimators.map((estimator) => percent(qualities[estimator].bias))])
    if (qualities.close_to_close.bias !== qualities.close_to_close.biasWithJumps) {
      table.push(['', 'jumps counted', ...estimators.map((estimator) => percent(qualities[estimator].biasWithJumps))])
    }
    table.push(['', 'efficiency', ...estimators.map((estimator) => qualities[estimator].efficiency.toFixed(1))])
  }
  return table.toString()
}

function percent(share: number): string {
  return `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} %`
}
