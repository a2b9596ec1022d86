import Table from 'cli-table3'
import type { LatencyOutcome } from './latency-bench.ts'

export function latencyTable({ records_per_s, tidemark, tried }: LatencyOutcome): string {
  const table = new Table({
    head: [`latency at ${records_per_s}/s`, 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'results', 'CPU s', 'peak MB'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const { name, p50_ms, p99_ms, p999_ms, max_ms, results, cpu_s, rss_mb } of [tidemark, ...tried]) {
    const times = [p50_ms, p99_ms, p999_ms, max_ms].map((ms) => ms.toFixed(0))
    table.push([name, ...times, results, cpu_s.toFixed(2), rss_mb.toFixed(0)])
  }
  return table.toString()
}
