import { biasChart, efficiencyChart, tradesChart } from './estimators/estimator-charts.ts'
import { qualityTable } from './estimators/quality-table.ts'
import { judge, judgeByTrades, scenarios, type Judged } from './estimators/scenarios.ts'
import type { Picture } from './picture.ts'
import { svgChart } from './svg-chart.ts'

/** The estimators in every market, and in the clean one by its trades. */
export interface JudgedEstimators {
  readonly byMarket: readonly Judged[]
  readonly byTrades: readonly Judged[]
}

/** Windows of a market: enough for the efficiencies to be known to about a twentieth. */
const defaults = { windows: 10_000, seed: 20_240_808 }

export function judgedEstimators(options = defaults): JudgedEstimators {
  return { byMarket: scenarios.map((scenario) => judge(scenario, options)), byTrades: judgeByTrades(options) }
}

/** As text for a terminal. */
export function estimatorTables({ byMarket, byTrades }: JudgedEstimators): string {
  return `${qualityTable(byMarket)}\n\n${qualityTable(byTrades)}`
}

export async function drawnEstimators({ byMarket, byTrades }: JudgedEstimators): Promise<Picture[]> {
  const [clean] = byMarket
  if (clean === undefined) throw new RangeError('no market was judged')
  return [
    { name: 'estimator-bias', svg: await svgChart(biasChart(byMarket)) },
    { name: 'estimator-trades', svg: await svgChart(tradesChart(byTrades)) },
    { name: 'estimator-efficiency', svg: await svgChart(efficiencyChart(clean)) },
  ]
}
