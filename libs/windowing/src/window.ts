import { checkDuration, checkGrace, checkLimits } from './option-checks.ts'

/** A half-open span of event time: `startMs` is in it, `endMs` is not. */
export interface Window {
  readonly startMs: number
  readonly endMs: number
  /** Of count and volume windows only: how many of its key came before it. Several may lie in one millisecond. */
  readonly index?: number
  /** Of count and volume windows only: the sequences of its first and last record. */
  readonly firstSequence?: number
  readonly lastSequence?: number
}

/** Windows side by side, as `tumbling` makes them. */
export interface TumblingWindows {
  readonly kind: 'tumbling'
  readonly sizeMs: number
  /** How late a record may come: a window closes when the watermark (stream time less this) reaches its end. */
  readonly graceMs: number
}

/** Windows that overlap, as `hopping` makes them. Durations in ms. */
export interface HoppingWindows {
  readonly kind: 'hopping'
  readonly sizeMs: number
  /** From one window's start to the next one's. */
  readonly advanceMs: number
  readonly graceMs: number
}

/** Windows around a key's records, as `sliding` makes them. Durations in ms. */
export interface SlidingWindows {
  readonly kind: 'sliding'
  /** Largest difference between two records of a window, which may be reached. */
  readonly timeDifferenceMs: number
  readonly graceMs: number
}

/** Windows that a silence of `gapMs` ends, as `session` makes them. */
export interface SessionWindows {
  readonly kind: 'session'
  readonly gapMs: number
  readonly graceMs: number
}

/** Windows of so many records, as `countWindows` makes them. */
export interface CountWindows<V> {
  readonly kind: 'count'
  /** Records in a window. */
  readonly size: number
  readonly sequence: (value: V) => number
}

/** Windows of so large an amount, as `volumeWindows` makes them. */
export interface VolumeWindows<V> {
  readonly kind: 'volume'
  /** Amount in a window. */
  readonly size: number
  readonly amountOf: (value: V) => number
  readonly sequence: (value: V) => number
  /** The part of a record that has this amount. */
  readonly split: (value: V, amount: number) => V
  /** How many windows one record may reach into; one more is an error. */
  readonly maxWindowsPerRecord: number
}

/** Windows whose bounds are known from a timestamp alone. */
export type AlignedWindows = TumblingWindows | HoppingWindows

/** Every kind of windows, told apart by `kind`. */
export type Windows<V> = AlignedWindows | SlidingWindows | SessionWindows | CountWindows<V> | VolumeWindows<V>

/**
 * Windows of one size, side by side, aligned to the epoch: every timestamp is in exactly one of them.
 *
 * Throws a RangeError unless `sizeMs` is a positive and `graceMs` a non-negative whole number of milliseconds. There is no
 * default grace on purpose: how late is still accepted decides results, so it is the caller's to say.
 */
export function tumbling(options: { sizeMs: number; graceMs: number }): TumblingWindows {
  const { sizeMs, graceMs } = options
  checkDuration('tumbling window: sizeMs', sizeMs)
  checkGrace('tumbling window', graceMs)
  return { kind: 'tumbling', sizeMs, graceMs }
}

/**
 * Windows of one size that begin every `advanceMs`, aligned to the epoch: a timestamp is in all that overlap it. With an
 * advance of the size they are tumbling windows. Throws a RangeError as `tumbling` does, or for an advance above the size.
 */
export function hopping(options: { sizeMs: number; advanceMs: number; graceMs: number }): HoppingWindows {
  const { sizeMs, advanceMs, graceMs } = options
  checkDuration('hopping window: sizeMs', sizeMs)
  checkDuration('hopping window: advanceMs', advanceMs)
  if (advanceMs > sizeMs) {
    throw new RangeError(
      `hopping window: advanceMs (${advanceMs}) is above sizeMs (${sizeMs}), records would be left out`,
    )
  }
  checkGrace('hopping window', graceMs)
  return { kind: 'hopping', sizeMs, advanceMs, graceMs }
}

/**
 * A window for each distinct set of a key's records that are at most `timeDifferenceMs` apart, as the SlidingWindows of Kafka
 * Streams: for each record at t one that ends with it (`[t - d, t]`), and the one that begins behind it (`[t + 1, t + 1 + d]`) if
 * there are records in that. As half-open windows, `[t - d, t + 1)` and `[t + 1, t + d + 2)`. Unlike there, windows may begin
 * before 1970.
 */
export function sliding(options: { timeDifferenceMs: number; graceMs: number }): SlidingWindows {
  const { timeDifferenceMs, graceMs } = options
  checkDuration('sliding window: timeDifferenceMs', timeDifferenceMs)
  checkGrace('sliding window', graceMs)
  return { kind: 'sliding', timeDifferenceMs, graceMs }
}

/**
 * A window for each stretch of a key's records without a silence of `gapMs`: from its first record to `gapMs` after its last one,
 * which is no longer in it (Kafka Streams counts a silence of exactly the gap as none). Needs an aggregator with `merge`: a
 * record may join two sessions. One that is a gap or more behind the watermark is late unless it is within an open session.
 */
export function session(options: { gapMs: number; graceMs: number }): SessionWindows {
  const { gapMs, graceMs } = options
  checkDuration('session window: gapMs', gapMs)
  checkGrace('session window', graceMs)
  return { kind: 'session', gapMs, graceMs }
}

/**
 * Each `size` records of a key, in order of a sequence that grows. Takes records in that order only, so it belongs behind
 * `inSequence`: one that is not above the key's last goes to the late output. A window that is not full stays open.
 */
export function countWindows<V>(options: { size: number; sequence: (value: V) => number }): CountWindows<V> {
  const { size, sequence } = options
  if (!Number.isSafeInteger(size) || size <= 0) {
    throw new RangeError(`count window: size must be a positive whole number of records, got ${size}`)
  }
  return { kind: 'count', size, sequence }
}

/** What `volumeWindows` takes: as in its windows, with a default. */
export interface VolumeOptions<V> extends Omit<VolumeWindows<V>, 'kind' | 'maxWindowsPerRecord'> {
  /** Default 1,000. */
  readonly maxWindowsPerRecord?: number
}

/**
 * A key's records cut each time their amounts add up to `size`, in order of a sequence, as `countWindows`. A record that crosses an edge
 * is split by `split`; its parts have the same sequence, and an aggregator's `addRest` takes in all but the first. Edges don't
 * drift: they are at whole multiples of the size of the exact sum of all amounts.
 */
export function volumeWindows<V>(options: VolumeOptions<V>): VolumeWindows<V> {
  const { size, amountOf, sequence, split, maxWindowsPerRecord = 1_000 } = options
  if (!Number.isFinite(size) || size <= 0) throw new RangeError(`volume window: size must be above 0, got ${size}`)
  checkLimits('volume window', { maxWindowsPerRecord })
  return { kind: 'volume', size, amountOf, sequence, split, maxWindowsPerRecord }
}

/** The start of the newest window that `timestampMs` is in; also right for times before 1970. */
export function windowStartMs(windows: AlignedWindows, timestampMs: number): number {
  return alignedMs(timestampMs, windows.kind === 'tumbling' ? windows.sizeMs : windows.advanceMs)
}

/** The largest multiple of `stepMs` that is not above `timestampMs`. */
export function alignedMs(timestampMs: number, stepMs: number): number {
  const into = timestampMs % stepMs
  return into < 0 ? timestampMs - into - stepMs : timestampMs - into
}

/** All windows that a timestamp is in, in order of their starts. */
export function windowsFor(windows: AlignedWindows, timestampMs: number): Window[] {
  const { sizeMs } = windows
  const stepMs = windows.kind === 'tumbling' ? sizeMs : windows.advanceMs
  const found: Window[] = []
  for (let startMs = alignedMs(timestampMs - sizeMs, stepMs) + stepMs; startMs <= timestampMs; startMs += stepMs) {
    found.push({ startMs, endMs: startMs + sizeMs })
  }
  return found
}
