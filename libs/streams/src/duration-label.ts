const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A duration as the largest unit that divides it: `10s`, `1m`, `15m`, `1h`, `250ms`. */
export function durationLabel(durationMs: number): string {
  if (durationMs === 0) return '0s'
  for (const [unit, unitMs] of UNITS) if (durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`
  return `${durationMs}ms`
}
