import type { Clock } from './clock.ts'

/** A clock for tests: time passes when `advance` says so, and timers fire in the order of their times. */
export interface ManualClock extends Clock {
  advance(ms: number): void
  readonly pendingTimers: number
}

export function manualClock(startMs = 0): ManualClock {
  let nowMs = startMs
  let timers: { atMs: number; run: () => void }[] = []
  return {
    nowMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(ms) {
      const endMs = nowMs + ms
      for (;;) {
        const due = timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (due === undefined) break
        timers = timers.filter((timer) => timer !== due)
        nowMs = Math.max(nowMs, due.atMs)
        due.run()
      }
      nowMs = endMs
    },
    get pendingTimers() {
      return timers.length
    },
  }
}
