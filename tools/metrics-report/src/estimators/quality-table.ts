import Table from 'cli-table3'
import { estimators } from './estimates.ts'
import type { Quality } from './quality.ts'
import type { Judged } from './scenarios.ts'

const columns = estimators.map((name) => name.replaceAll('_', ' '))

/** Bias and efficiency of every estimator in every market, for a terminal. */
export function qualityTable(judged: readonly Judged[]): string {
  const table = new Table({
    head: ['market', '', ...columns],
    colAligns: ['left', 'left', ...columns.map(() => 'right' as const)],
    style: { head: [], border: [] },
  })
  table.push(...qualityRows(judged))
  return table.toString()
}

/** Lines of the table: the market where a new one begins, what is judged, and a cell for each estimator. */
export function qualityRows(judged: readonly Judged[]): string[][] {
  return judged.flatMap(({ name, qualities }) => {
    const cells = (of: (quality: Quality) => string) => estimators.map((estimator) => of(qualities[estimator]))
    const { bias, biasWithJumps } = qualities.close_to_close
    return [
      [name, 'bias', ...cells((quality) => percent(quality.bias))],
      ...(bias === biasWithJumps ? [] : [['', 'jumps counted', ...cells((quality) => percent(quality.biasWithJumps))]]),
      ['', 'efficiency', ...cells((quality) => quality.efficiency.toFixed(1))],
    ]
  })
}

function percent(share: number): string {
  return `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} %`
}
