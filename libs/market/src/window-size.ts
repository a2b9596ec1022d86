/** A window size as it is named on the wire, and its length. */
export interface WindowSize {
  /** The largest unit that divides the length: `10s`, `1m`, `1h`, never `60s`. */
  readonly label: string
  readonly sizeMs: number
}

export type ParsedWindowSize =
  { readonly ok: true; readonly value: WindowSize } | { readonly ok: false; readonly issue: string }

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const
type Unit = keyof typeof unitMs

const maxSizeMs = 7 * unitMs.d

/** Reads a window size such as `10s`, `1m`, `15m` or `1h`: a whole number of seconds, minutes, hours or days, up to 7 days. */
export function parseWindowSize(text: string): ParsedWindowSize {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text.trim())
  if (match === null)
    return { ok: false, issue: `window size ${text}: expected a number and a unit, such as 10s, 1m or 1h` }
  const sizeMs = Number(match[1]) * unitMs[match[2] as Unit]
  if (sizeMs > maxSizeMs) return { ok: false, issue: `window size ${text}: at most 7d` }
  return { ok: true, value: { label: labelOf(sizeMs), sizeMs } }
}

/** The length of a window in ms. Throws a RangeError for what is no window size: for names in code; read settings with `parseWindowSize`. */
export function windowSizeMs(label: string): number {
  const parsed = parseWindowSize(label)
  if (!parsed.ok) throw new RangeError(parsed.issue)
  return parsed.value.sizeMs
}

function labelOf(sizeMs: number): string {
  const unit = (Object.keys(unitMs) as Unit[]).find((name) => sizeMs % unitMs[name] === 0) ?? 's'
  return `${sizeMs / unitMs[unit]}${unit}`
}
