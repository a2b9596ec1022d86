import { StopRequestedError, unlessStopped } from '@tidemark/service'
import {
  DelegateBackoff,
  ExponentialBackoff,
  handleWhenResult,
  retry,
  type IBackoff,
  type IRetryBackoffContext,
} from 'cockatiel'
import type { LineWriter } from './influx-lines.ts'
import type { WriteFailure, WriteOutcome } from './write-outcome.ts'

/** A pause before the next attempt. */
export interface Wait {
  readonly failure: WriteFailure
  /** How many attempts have failed. */
  readonly attempt: number
  readonly delayMs: number
}

export interface PatienceOptions {
  /** Aborted when the process is to stop: the wait ends with a `StopRequestedError`. */
  readonly signal: AbortSignal
  readonly initialDelayMs?: number
  /** The longest pause between two attempts; a `Retry-After` of the server may make it longer, up to `maxRetryAfterMs`. */
  readonly maxDelayMs?: number
  readonly maxRetryAfterMs?: number
  /** Called before each pause, and with undefined when a write has succeeded after one. */
  readonly waiting: (wait: Wait | undefined) => void
}

type RetryContext = IRetryBackoffContext<unknown>

/**
 * Repeats a write for as long as InfluxDB is away or denies it, with growing, jittered, capped pauses; other outcomes are passed on. So an
 * outage of any length loses nothing: the caller waits, and commits no offset.
 */
export function patientWriter(writer: LineWriter, options: PatienceOptions): LineWriter {
  const { signal, initialDelayMs = 250, maxDelayMs = 15_000, maxRetryAfterMs = 120_000, waiting } = options
  const exponential = new ExponentialBackoff({ initialDelay: initialDelayMs, maxDelay: maxDelayMs })
  const backoff = new DelegateBackoff<RetryContext, IBackoff<unknown>>(({ result }, previous) => {
    const pause = previous?.next(undefined) ?? exponential.next()
    const asked = 'value' in result ? (transientFailure(result.value)?.retryAfterMs ?? 0) : 0
    return { delay: Math.max(pause.duration, Math.min(asked, maxRetryAfterMs)), state: pause }
  })
  const policy = retry(
    handleWhenResult((outcome) => transientFailure(outcome) !== undefined),
    { maxAttempts: Number.POSITIVE_INFINITY, backoff },
  )
  let pausing = false
  policy.onRetry((event) => {
    const failure = 'value' in event ? transientFailure(event.value) : undefined
    if (failure === undefined) return
    pausing = true
    waiting({ failure, attempt: event.attempt, delayMs: event.delay })
  })
  return {
    async write(lines) {
      let attempts = 0
      const attempt = async (): Promise<WriteOutcome> => {
        if (attempts > 0) signal.throwIfAborted() // the pause went on after the stop, and nobody waits any more
        attempts++
        pausing = false
        return writer.write(lines)
      }
      const outcome = await unlessStopped(policy.execute(attempt, signal), { signal, pausing: () => pausing })
      if (attempts > 1) waiting(undefined)
      const failure = transientFailure(outcome)
      if (failure !== undefined)
        throw new StopRequestedError(`stopped, as InfluxDB did not take a write: ${failure.message}`)
      return outcome
    },
    close: () => writer.close(),
  }
}

function transientFailure(outcome: unknown): WriteFailure | undefined {
  const { ok, failure } = outcome as WriteOutcome & { readonly failure?: WriteFailure }
  return !ok && (failure?.kind === 'away' || failure?.kind === 'denied') ? failure : undefined
}
