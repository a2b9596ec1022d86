import { setImmediate as immediate, setTimeout as timeout } from 'node:timers/promises'

/** A timer with more goes off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Clock, timers and chance, so that retries and deadlines can be tested without waiting. */
export interface Time {
  /** Monotonic: for durations, not a date. */
  nowMs(): number
  /** In [0, 1). */
  random(): number
  /** Resolves after the delay (the system's: of 24 days at most), or as soon as the signal aborts; never rejects. */
  wait(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Resolves when sockets and timers had their turn. */
  nextTurn(): Promise<void>
}

export const systemTime: Time = {
  nowMs: () => performance.now(),
  random: () => Math.random(),
  wait: async (delayMs, signal) => {
    try {
      await timeout(Math.min(delayMs, MAX_TIMER_MS), undefined, signal === undefined ? {} : { signal })
    } catch {
      // Aborted: the caller looks at the signal.
    }
  },
  nextTurn: () => immediate(),
}
