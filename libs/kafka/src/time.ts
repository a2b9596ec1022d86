import { setImmediate as immediate, setTimeout as timeout } from 'node:timers/promises'

/** Clock, timers and chance, so that retries and deadlines can be tested without waiting. */
export interface Time {
  /** Monotonic: for durations, not a date. */
  nowMs(): number
  /** In [0, 1). */
  random(): number
  /** Resolves after the delay, or as soon as the signal aborts; never rejects. */
  wait(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Resolves when sockets and timers had their turn. */
  nextTurn(): Promise<void>
}

export const systemTime: Time = {
  nowMs: () => performance.now(),
  random: () => Math.random(),
  wait: async (delayMs, signal) => {
    try {
      await timeout(delayMs, undefined, signal === undefined ? {} : { signal })
    } catch {
      // Aborted: the caller looks at the signal.
    }
  },
  nextTurn: () => immediate(),
}
