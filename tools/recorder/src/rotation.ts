import { posix } from 'node:path'

/** When a file is full. A recording without limits is one file. */
export interface RotationLimits {
  /** Size on disk, roughly: what the compressor still holds comes on top. */
  readonly maxBytes?: number | undefined
  /** Time since its first frame. */
  readonly maxAgeMs?: number | undefined
}

export interface FileAge {
  readonly bytes: number
  readonly ageMs: number
}

/** True where the next frame belongs into a new file. */
export function isFull(
  { bytes, ageMs }: FileAge,
  { maxBytes = Infinity, maxAgeMs = Infinity }: RotationLimits,
): boolean {
  return bytes >= maxBytes || ageMs >= maxAgeMs
}

/** `trades.txt.gz` becomes `trades-0001.txt.gz`. */
export function rotatedName(file: string, ordinal: number): string {
  const { stem, suffix, folder } = parts(file)
  return `${folder}${stem}-${String(ordinal).padStart(4, '0')}${suffix}`
}

/** The ordinal after the highest that is in use among names of the file's folder, finished or not. */
export function nextOrdinal(file: string, taken: readonly string[]): number {
  const { stem, suffix } = parts(file)
  const used = taken.flatMap((name) => {
    const whole = name.endsWith(unfinished) ? name.slice(0, -unfinished.length) : name
    if (!whole.startsWith(`${stem}-`) || !whole.endsWith(suffix)) return []
    const digits = whole.slice(stem.length + 1, whole.length - suffix.length)
    return /^\d{4,}$/.test(digits) ? [Number(digits)] : []
  })
  return Math.max(0, ...used) + 1
}

/** At the end of the name of a file that is being written. */
export const unfinished = '.part'

function parts(file: string): { readonly folder: string; readonly stem: string; readonly suffix: string } {
  const name = posix.basename(file)
  const dot = name.indexOf('.', 1)
  const stem = dot < 0 ? name : name.slice(0, dot)
  return { folder: file.slice(0, file.length - name.length), stem, suffix: name.slice(stem.length) }
}
