/** How the memory of a process went, in megabytes. Medians, since a collector makes single looks go up and down. */
export interface MemoryTrend {
  /** Of the first quarter of the looks. */
  readonly begin: number
  /** Of the last quarter. */
  readonly end: number
  readonly peak: number
}

/** Out of looks that were taken at even distances, in megabytes. Throws a RangeError where there are fewer than four. */
export function memoryTrend(looks: readonly number[]): MemoryTrend {
  const quarter = Math.floor(looks.length / 4)
  if (quarter === 0) throw new RangeError(`${looks.length} looks at the memory are no trend: the run is too short`)
  return { begin: median(looks.slice(0, quarter)), end: median(looks.slice(-quarter)), peak: Math.max(...looks) }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
