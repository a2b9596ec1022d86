import type { MarketMetrics } from '@tidemark/schemas'
import { metricsCharts } from './metrics-charts.ts'
import type { Picture } from './picture.ts'
import { svgChart } from './svg-chart.ts'

/** The windows of one symbol out of JSON lines, in order of time. Throws an Error that names the line that is none, or the symbol that is not there. */
export function readMetrics(text: string, symbol: string): MarketMetrics[] {
  const windows = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [parsed(line, index + 1)]))
  const found = windows.filter((window) => window.symbol === symbol)
  if (found.length > 0) return found.sort((a, b) => a.window_start_ms - b.window_start_ms)
  const there = [...new Set(windows.map((window) => window.symbol))].join(', ')
  throw new Error(`no window of ${symbol} among ${windows.length}: there are ${there === '' ? 'none' : there}`)
}

/** A picture of each metric, from the windows of a recording, and from those of the same recording with parts of it lost. */
export async function drawnMetrics(
  windows: readonly MarketMetrics[],
  holed: readonly MarketMetrics[],
): Promise<Picture[]> {
  return Promise.all(
    metricsCharts.map(async ({ name, spec, ofHoled }) => ({
      name,
      svg: await svgChart(spec(ofHoled ? holed : windows)),
    })),
  )
}

function parsed(line: string, number: number): MarketMetrics {
  try {
    const value = JSON.parse(line) as Partial<MarketMetrics> | null
    if (typeof value?.symbol === 'string' && typeof value.window_start_ms === 'number') return value as MarketMetrics
  } catch {
    // Said below: a line that is no JSON is no window either.
  }
  throw new Error(`line ${number} is not a window's metrics: ${line.slice(0, 80)}`)
}
