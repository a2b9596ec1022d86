import Table from 'cli-table3'
import type { FeedOutcome } from './feed-bench.ts'
import type { Percentiles } from './percentiles.ts'

export function feedTables({ seconds, loads }: FeedOutcome): string {
  return loads
    .map(({ symbols, rate, sides }) => {
      const what = `${symbols} symbols, ${rate} trades/s, ${seconds} s`
      const table = new Table({
        head: [what, 'trades', 'lost', 'doubled', 'acknowledged ms', 'appended ms', 'readable ms', 'CPU s', 'MB'],
        colAligns: ['left', ...Array.from({ length: 8 }, () => 'right' as const)],
        style: { head: [], border: [] },
      })
      for (const { name, taken, lost, doubled, cpu_s, rss_begin_mb, rss_end_mb, ...side } of sides) {
        const times = [side.acknowledged, side.appended, side.readable].map(shown)
        const memory = `${rss_begin_mb.toFixed(0)} → ${rss_end_mb.toFixed(0)}`
        table.push([name, taken, lost, doubled, ...times, cpu_s.toFixed(2), memory])
      }
      return `${table.toString()}\np50 / p99 / p99.9`
    })
    .join('\n')
}

function shown({ p50_ms, p99_ms, p999_ms }: Percentiles): string {
  return [p50_ms, p99_ms, p999_ms].map((ms) => ms.toFixed(ms < 10 ? 1 : 0)).join(' / ')
}
