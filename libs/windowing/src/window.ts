/** A half-open span of event time: `startMs` is in it, `endMs` is not. */
export interface Window {
  readonly startMs: number
  readonly endMs: number
}

/** Which windows a timestamp belongs to, and how long after its end a window still takes records. */
export interface TumblingWindows {
  readonly kind: 'tumbling'
  readonly sizeMs: number
  /** How late a record may come: a window closes when the watermark (stream time less this) reaches its end. */
  readonly graceMs: number
}

/**
 * Windows of one size, side by side, aligned to the epoch: every timestamp is in exactly one of them.
 *
 * Throws a RangeError unless `sizeMs` is a positive and `graceMs` a non-negative whole number of milliseconds. There is no
 * default grace on purpose: how late is still accepted decides results, so it is the caller's to say.
 */
export function tumbling(options: { sizeMs: number; graceMs: number }): TumblingWindows {
  const { sizeMs, graceMs } = options
  if (!Number.isSafeInteger(sizeMs) || sizeMs <= 0) {
    throw new RangeError(`tumbling window: sizeMs must be a positive whole number of milliseconds, got ${sizeMs}`)
  }
  if (!Number.isSafeInteger(graceMs) || graceMs < 0) {
    throw new RangeError(`tumbling window: graceMs must be a whole number of milliseconds from 0 on, got ${graceMs}`)
  }
  return { kind: 'tumbling', sizeMs, graceMs }
}

/** The start of the tumbling window that `timestampMs` is in; also right for times before 1970. */
export function windowStartMs(windows: TumblingWindows, timestampMs: number): number {
  const into = timestampMs % windows.sizeMs
  return into < 0 ? timestampMs - into - windows.sizeMs : timestampMs - into
}

/** All windows that a timestamp is in, in order of their starts. */
export function windowsFor(windows: TumblingWindows, timestampMs: number): Window[] {
  const startMs = windowStartMs(windows, timestampMs)
  return [{ startMs, endMs: startMs + windows.sizeMs }]
}
