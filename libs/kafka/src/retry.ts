import { StreamsError } from '@tidemark/streams'
import type { Time } from './time.ts'

export interface Backoff {
  readonly initialMs: number
  readonly maxMs: number
  /** By which each wait grows; 2 if left out. */
  readonly factor?: number
}

export const defaultBackoff: Backoff = { initialMs: 50, maxMs: 1_000 }

/**
 * How long to wait after the `attempt`th failure in a row, counted from 1: longer each time up to a cap, and spread over its
 * upper half, so that many clients do not return at once.
 */
export function backoffMs(attempt: number, random: number, backoff: Backoff = defaultBackoff): number {
  const { initialMs, maxMs, factor = 2 } = backoff
  const ceiling = Math.min(maxMs, initialMs * factor ** Math.min(attempt - 1, 30))
  return ceiling / 2 + (ceiling / 2) * random
}

/** Whether a failure should be told of aloud: the 2nd, 4th, 8th … in a row, since one alone is a move of everyday life. */
export function isLoud(attempt: number): boolean {
  return attempt > 1 && (attempt & (attempt - 1)) === 0
}

export interface RetryOptions {
  readonly time: Time
  /** Failures are repeated for this long; the last one is then passed on. */
  readonly forMs: number
  readonly backoff?: Backoff
  readonly signal?: AbortSignal
  /** Told of each failure that is going to be repeated. */
  onRetry?(error: StreamsError, attempt: number): void
}

/** Repeats what fails with a retriable `StreamsError`, until it succeeds, its time is over or the signal aborts. */
export async function retrying<T>(operation: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { time, signal } = options
  const deadlineMs = time.nowMs() + options.forMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation()
    } catch (error) {
      if (!(error instanceof StreamsError) || !error.retriable || signal?.aborted === true) throw error
      const delayMs = backoffMs(attempt, time.random(), options.backoff)
      if (time.nowMs() + delayMs > deadlineMs) throw error
      options.onRetry?.(error, attempt)
      await time.wait(delayMs, signal)
    }
  }
}
