/** Everything of the feed's surroundings that differs from run to run. */
export interface FeedClock {
  /** This machine's time of day, for the records. */
  readonly nowMs: () => number
  /** A clock that is never set, for waits. */
  readonly elapsedMs: () => number
  /** In [0, 1). */
  readonly random: () => number
  /** Calls once, after `delayMs`; the answer cancels it. */
  readonly setTimer: (delayMs: number, call: () => void) => () => void
}

/** The real clock. Its timers keep the process alive. */
export const systemClock: FeedClock = {
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
  random: () => Math.random(),
  setTimer: (delayMs, call) => {
    const timer = setTimeout(call, delayMs)
    return () => clearTimeout(timer)
  },
}
