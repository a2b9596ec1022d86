/** One request for the exchange's time. Sent and received are on one local clock that is never set. */
export interface TimeSample {
  readonly sentMs: number
  readonly receivedMs: number
  /** What the exchange said, cut to its resolution. */
  readonly timeMs: number
  readonly resolutionMs: number
}

/** Bounds of how far the exchange's clock is ahead of the local one, as of a local time. */
export interface ClockBounds {
  readonly lowMs: number
  readonly highMs: number
  readonly atMs: number
}

export interface ClockOffset {
  /** Exchange's time minus local time. */
  readonly offsetMs: number
  /** The true offset is at most this far away, on either side. */
  readonly errorMs: number
}

/** Two quartz clocks run apart by tens of millionths at most; this leaves room for a bad one. */
export const defaultDriftPpm = 200

/**
 * The bounds after a sample. The exchange read its clock at some time between sending and receiving, so one sample bounds the offset
 * as closely as its round trip was short, however unequal its two ways were. Bounds are kept from sample to sample, widened by
 * `driftPpm` millionths of the time since, and cut by each new sample: they are never wider than what the shortest round trip gives.
 * A sample that contradicts them (a clock was set, or the exchange's does not run at our pace, as in a replay) replaces them. Pure.
 */
export function withSample(
  bounds: ClockBounds | undefined,
  sample: TimeSample,
  driftPpm: number = defaultDriftPpm,
): ClockBounds {
  const { sentMs, receivedMs, timeMs, resolutionMs } = sample
  const bare = { lowMs: timeMs - receivedMs, highMs: timeMs + resolutionMs - sentMs, atMs: sentMs }
  const fresh = widen(bare, receivedMs, driftPpm)
  if (bounds === undefined) return fresh
  const aged = widen(bounds, receivedMs, driftPpm)
  const lowMs = Math.max(aged.lowMs, fresh.lowMs)
  const highMs = Math.min(aged.highMs, fresh.highMs)
  return lowMs <= highMs ? { lowMs, highMs, atMs: receivedMs } : fresh
}

/** The offset at a local time: the middle of the bounds, which is at most `errorMs` from the truth as long as the clocks drift no faster. */
export function offsetAt(bounds: ClockBounds, nowMs: number, driftPpm: number = defaultDriftPpm): ClockOffset {
  const { lowMs, highMs } = widen(bounds, nowMs, driftPpm)
  return { offsetMs: (lowMs + highMs) / 2, errorMs: (highMs - lowMs) / 2 }
}

function widen({ lowMs, highMs, atMs }: ClockBounds, nowMs: number, driftPpm: number): ClockBounds {
  const driftMs = (Math.max(0, nowMs - atMs) * driftPpm) / 1e6
  return { lowMs: lowMs - driftMs, highMs: highMs + driftMs, atMs: Math.max(atMs, nowMs) }
}
