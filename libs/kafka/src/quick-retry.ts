import type { ClusterLink } from './cluster-link.ts'
import { isLoud, retrying, type Backoff } from './retry.ts'

/** A transaction is ended in the background: the next one of the same id waits for some milliseconds, hardly ever more. */
const QUICK: Backoff = { initialMs: 5, maxMs: 250, factor: 1.5 }
/** After some two seconds. */
const TOLD_FROM_ATTEMPT = 16

export interface QuickRetryOptions {
  readonly link: ClusterLink
  /** Names what is tried, in the log. */
  readonly subject: string
  readonly forMs: number
}

/** Repeats transient failures as `ClusterLink.retry` does, but within milliseconds at first, and without a word for longer. */
export async function retryQuickly<T>(operation: () => Promise<T>, options: QuickRetryOptions): Promise<T> {
  const { link, subject, forMs } = options
  return await retrying(operation, {
    time: link.time,
    forMs,
    backoff: QUICK,
    signal: link.signal,
    onRetry: (error, attempt) => {
      const level = attempt >= TOLD_FROM_ATTEMPT && isLoud(attempt) ? 'warn' : 'debug'
      link.logger[level]({ attempt, code: error.code }, `${subject}: trying again: ${error.message}`)
    },
  })
}
