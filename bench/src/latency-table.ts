import Table from 'cli-table3'
import type { LatencyOutcome } from './latency-bench.ts'

export function latencyTable(outcome: LatencyOutcome): string {
  const { records_per_s, tidemark, tried, ratio_p50, ratio_p99, ratio_p999 } = outcome
  const table = new Table({
    head: [`latency at ${records_per_s}/s`, 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'results', 'CPU s', 'peak MB'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const { name, p50_ms, p99_ms, p999_ms, max_ms, results, cpu_s, rss_mb } of [tidemark, ...tried]) {
    const times = [p50_ms, p99_ms, p999_ms, max_ms].map((ms) => ms.toFixed(0))
    table.push([name, ...times, results, cpu_s.toFixed(2), rss_mb.toFixed(0)])
  }
  if (ratio_p50 === undefined || ratio_p99 === undefined || ratio_p999 === undefined) return table.toString()
  const ratios = `p50 ${ratio_p50.toFixed(2)}, p99 ${ratio_p99.toFixed(2)}, p99.9 ${ratio_p999.toFixed(2)}`
  return `${table.toString()}\nthe peer's latency over ours: ${ratios} (its best in each)`
}
