import type { Percentiles } from './percentiles.ts'

/** Counts by upper bound, in seconds, of a Prometheus histogram: each bucket has those below it too. */
export type Buckets = ReadonlyMap<number, number>

/** The buckets of a histogram without labels, out of the text of `/metrics`. */
export function bucketsOf(text: string, name: string): Buckets {
  const lines = text.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)"\\} (\\d+)$`, 'gm'))
  return new Map([...lines].map(([, le, count]) => [le === '+Inf' ? Infinity : Number(le), Number(count)]))
}

/** What was counted between two readings. Within a bucket values are taken for evenly spread, as Prometheus does. */
export function percentilesBetween(before: Buckets, after: Buckets): Percentiles {
  const counts = [...after].map(([le, count]) => [le, count - (before.get(le) ?? 0)] as const)
  const results = counts.at(-1)?.[1] ?? 0
  const at = (part: number) => {
    const rank = part * results
    const index = counts.findIndex(([, count]) => count >= rank)
    const [le = NaN, count = 0] = counts[index] ?? []
    const [lower, below] = counts[index - 1] ?? [0, 0]
    // Of what is above the last bound, only that is known.
    if (le === Infinity || count === below) return Math.min(le, lower) * 1_000
    return (lower + ((le - lower) * (rank - below)) / (count - below)) * 1_000
  }
  const highest = counts.find(([, count]) => count === results)?.[0] ?? NaN
  return { p50_ms: at(0.5), p99_ms: at(0.99), p999_ms: at(0.999), max_ms: highest * 1_000, results }
}
