import type { BytesToWrite } from './record-collector.ts'
import type { Header, RecordCursor } from './record-batch.ts'

/** A value above this is cut, so that the dead letter fits where the record did not; the full length is in a header. */
export const MAX_DEAD_LETTER_BYTES = 900_000

/** How often a record has become a dead letter. */
export const ATTEMPTS_HEADER = 'tidemark.dlq.attempts'

/** A record that can't be processed, as it was received, and why. */
export interface DeadLetter {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: readonly Header[]
  /** Where it was read from; absent for what did not come from Kafka. */
  readonly source?: { readonly topic: string; readonly partition: number; readonly offset: number }
  /** The kind of issue, from a closed list of the application. */
  readonly code: string
  readonly exception: string
  readonly message: string
  readonly attempts: number
  /** Processing time at which it was set aside. */
  readonly ingestionTimeMs: number
}

/**
 * A dead letter as a record: original bytes, key and headers, plus the reason in headers with the names that Kafka Streams uses
 * (KIP-1034) and Tidemark's own.
 */
export function deadLetterRecord(letter: DeadLetter): BytesToWrite {
  const { source, value } = letter
  const reason: [string, string][] = [
    ['__streams.errors.exception', letter.exception],
    ['__streams.errors.message', letter.message],
  ]
  if (source !== undefined) {
    reason.push(
      ['__streams.errors.topic', source.topic],
      ['__streams.errors.partition', String(source.partition)],
      ['__streams.errors.offset', String(source.offset)],
    )
  }
  reason.push(
    ['tidemark.dlq.code', letter.code],
    [ATTEMPTS_HEADER, String(letter.attempts)],
    ['tidemark.dlq.ingestion_time_ms', String(letter.ingestionTimeMs)],
  )
  const cut = value !== null && value.length > MAX_DEAD_LETTER_BYTES
  if (cut) reason.push(['tidemark.dlq.original_bytes', String(value.length)])
  return {
    topic: letter.topic,
    key: letter.key,
    value: cut ? value.subarray(0, MAX_DEAD_LETTER_BYTES) : value,
    timestampMs: letter.ingestionTimeMs,
    headers: [...(letter.headers ?? []), ...reason.map(([key, text]) => ({ key, value: Buffer.from(text) }))],
  }
}

/** How often a record has been set aside before, which a replay of dead letters keeps in a header. */
export function attemptsSoFar(cursor: RecordCursor): number {
  const attempts = cursor
    .headers()
    .filter(({ key }) => key === ATTEMPTS_HEADER)
    .map(({ value }) => Number(value?.toString()))
  return Math.max(0, ...attempts.filter((count) => Number.isSafeInteger(count)))
}
