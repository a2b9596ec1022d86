/** What went wrong, as a closed list: each code has one place where it is decided what to do about it (`decide`). */
export type StreamsErrorCode =
  | 'broker-unavailable'
  | 'topic-missing'
  | 'topic-mismatch'
  | 'not-authorised'
  | 'record-too-large'
  | 'fenced'
  | 'group-lost'
  | 'corrupt-batch'
  | 'offset-out-of-range'
  | 'commit-metadata-too-large'
  | 'unsupported'
  | 'wrong-option'
  | 'guarantee-changed'
  | 'topology-changed'
  | 'format-changed'
  | 'offsets-lost'
  | 'limit-reached'
  | 'state-failed'
  | 'encode-failed'
  | 'record-failed'
  | 'record-too-slow'
  | 'sink-failed'
  | 'retries-exhausted'
  | 'protocol'

export interface StreamsErrorOptions {
  readonly retriable?: boolean
  readonly cause?: unknown
  readonly record?: StreamsError['record']
}

/** The one error of the engine and its adapters. The message names the thing and the likely cause. */
export class StreamsError extends Error {
  override readonly name = 'StreamsError'
  readonly code: StreamsErrorCode
  /** True where the same call can succeed later without anyone doing anything. */
  readonly retriable: boolean
  /** The record that it came of, where it came of one. */
  readonly record?: { readonly topic: string; readonly partition: number; readonly offset: number }

  constructor(code: StreamsErrorCode, message: string, options: StreamsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = options.retriable ?? false
    if (options.record !== undefined) this.record = options.record
  }
}

/** What to do about an error: anything unknown is a bug or a broken setup, and stops the process. */
export function decide(error: unknown): 'retry' | 'stop' {
  return error instanceof StreamsError && error.retriable ? 'retry' : 'stop'
}
