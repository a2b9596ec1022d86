import type { SourceFrame } from './source-frame.ts'

/** How many times faster than the recording; `max` is as fast as the reader takes it. */
export type Speed = number | 'max'

/** The schedule of one replay: the frame received at `firstReceivedAtUs` is due at `startedAtMs`. */
export interface Pace {
  readonly speed: Speed
  readonly firstReceivedAtUs: number
  readonly startedAtMs: number
}

/** When a frame is due, in ms of the clock that `startedAtMs` was read from. */
export function dueAtMs(pace: Pace, receivedAtUs: number): number {
  if (pace.speed === 'max') return pace.startedAtMs
  return pace.startedAtMs + (receivedAtUs - pace.firstReceivedAtUs) / 1000 / pace.speed
}

/**
 * Index after the last frame that may leave now, counted from `from`. Frames leave in their recorded order: one whose
 * receive time goes back is due with its predecessor, and never overtakes it.
 */
export function dueUntil(
  pace: Pace,
  frames: readonly SourceFrame[],
  position: { from: number; nowMs: number },
): number {
  if (pace.speed === 'max') return frames.length
  let index = position.from
  while (index < frames.length && dueAtMs(pace, (frames[index] as SourceFrame).receivedAtUs) <= position.nowMs)
    index += 1
  return index
}
