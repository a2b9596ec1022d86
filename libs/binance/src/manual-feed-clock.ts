import type { FeedClock } from './feed-clock.ts'

/** A clock for tests, which goes only when told, and calls what is due then. */
export class ManualFeedClock implements FeedClock {
  timeMs = 1_000_000
  readonly #timers = new Set<{ readonly dueMs: number; readonly call: () => void }>()
  readonly nowMs = (): number => this.timeMs
  readonly elapsedMs = (): number => this.timeMs
  readonly random = (): number => 0
  readonly setTimer = (delayMs: number, call: () => void): (() => void) => {
    const timer = { dueMs: this.timeMs + delayMs, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get timers(): number {
    return this.#timers.size
  }

  advance(byMs: number): void {
    this.timeMs += byMs
    for (const timer of [...this.#timers]) {
      if (timer.dueMs <= this.timeMs && this.#timers.delete(timer)) timer.call()
    }
  }
}
