import { unlessStopped } from '@tidemark/service'
import {
  DelegateBackoff,
  ExponentialBackoff,
  handleWhenResult,
  retry,
  type IBackoff,
  type IRetryBackoffContext,
} from 'cockatiel'
import type { AlertChannel, PostFailure, PostOutcome } from './alert-channel.ts'

export interface PersistenceOptions {
  /** Aborted when the process is to stop: a pause then ends with a `StopRequestedError`. */
  readonly signal: AbortSignal
  /** Tries after the first one; with the other defaults they take about ten minutes. */
  readonly maxRetries?: number
  readonly initialDelayMs?: number
  readonly maxDelayMs?: number
  /** The longest pause that the channel may ask for. */
  readonly maxRetryAfterMs?: number
  readonly waiting: (failure: PostFailure, delayMs: number) => void
}

/** Repeats what failed transiently, with growing, jittered, capped pauses, or longer ones where the channel asks; passes on the last outcome. */
export function persistentChannel(channel: AlertChannel, options: PersistenceOptions): AlertChannel {
  const {
    signal,
    maxRetries = 24,
    initialDelayMs = 500,
    maxDelayMs = 30_000,
    maxRetryAfterMs = 120_000,
    waiting,
  } = options
  const exponential = new ExponentialBackoff({ initialDelay: initialDelayMs, maxDelay: maxDelayMs })
  const backoff = new DelegateBackoff<IRetryBackoffContext<unknown>, IBackoff<unknown>>(({ result }, previous) => {
    const pause = previous?.next(undefined) ?? exponential.next()
    const asked = ('value' in result ? transientFailure(result.value)?.retryAfterMs : undefined) ?? 0
    return { delay: Math.max(pause.duration, Math.min(asked, maxRetryAfterMs)), state: pause }
  })
  const policy = retry(
    handleWhenResult((outcome) => transientFailure(outcome) !== undefined),
    { maxAttempts: maxRetries, backoff },
  )
  let pausing = false
  policy.onRetry((event) => {
    const failure = 'value' in event ? transientFailure(event.value) : undefined
    if (failure === undefined) return
    pausing = true
    waiting(failure, event.delay)
  })
  return {
    name: channel.name,
    post(alert) {
      let attempts = 0
      const attempt = async (): Promise<PostOutcome> => {
        if (attempts++ > 0) signal.throwIfAborted() // the pause went on after the stop, and nobody waits any more
        pausing = false
        return channel.post(alert)
      }
      return unlessStopped(policy.execute(attempt, signal), { signal, pausing: () => pausing })
    },
  }
}

function transientFailure(outcome: unknown): PostFailure | undefined {
  const { ok, failure } = outcome as PostOutcome & { readonly failure?: PostFailure }
  return !ok && failure?.kind === 'transient' ? failure : undefined
}
