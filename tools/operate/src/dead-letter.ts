import type { Header, RecordCursor } from '@tidemark/streams'

/** Where a dead letter was read from before it was set aside. */
export interface LetterSource {
  readonly topic: string
  readonly partition: string
  readonly offset: string
}

/** A dead letter without its bytes: where it is, and why. */
export interface LetterSummary {
  readonly partition: number
  readonly offset: number
  /** When it was set aside, or the record's own timestamp where that is not said. */
  readonly timeMs: number
  /** Empty where the letter was written by another program, which gives none. */
  readonly code: string
  readonly exception: string
  readonly message: string
  readonly attempts: number
  /** Absent where the record did not come from a topic, such as a frame of an exchange. */
  readonly source?: LetterSource
  /** How long the value was before it was cut. */
  readonly originalBytes?: number
}

/** A dead letter as it is in its topic. */
export interface StoredLetter extends LetterSummary {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** All headers, the reason's too. */
  readonly headers: readonly Header[]
  /** Those that the record had before it was set aside. */
  readonly originalHeaders: readonly Header[]
}

export const ATTEMPTS_HEADER = 'tidemark.dlq.attempts'
const CODE = 'tidemark.dlq.code'
const INGESTION_TIME = 'tidemark.dlq.ingestion_time_ms'
const ORIGINAL_BYTES = 'tidemark.dlq.original_bytes'
const EXCEPTION = '__streams.errors.exception'
const MESSAGE = '__streams.errors.message'
const STACKTRACE = '__streams.errors.stacktrace'
const TOPIC = '__streams.errors.topic'
const PARTITION = '__streams.errors.partition'
const OFFSET = '__streams.errors.offset'

const reasonHeaders: ReadonlySet<string> = new Set([
  ...[ATTEMPTS_HEADER, CODE, INGESTION_TIME, ORIGINAL_BYTES],
  ...[EXCEPTION, MESSAGE, STACKTRACE, TOPIC, PARTITION, OFFSET],
])

/** Reads where the cursor is, without key and value. */
export function letterSummary(cursor: RecordCursor, partition: number): LetterSummary {
  return summaryOf(cursor, partition, cursor.headers())
}

/** Reads the whole letter; its bytes are copies. */
export function storedLetter(cursor: RecordCursor, partition: number): StoredLetter {
  const headers = cursor.headers()
  return {
    ...summaryOf(cursor, partition, headers),
    key: cursor.key(),
    value: cursor.value(),
    headers,
    originalHeaders: originalHeaders(headers),
  }
}

function summaryOf(cursor: RecordCursor, partition: number, headers: readonly Header[]): LetterSummary {
  const text = (name: string) => headers.findLast(({ key }) => key === name)?.value?.toString()
  const topic = text(TOPIC)
  const originalBytes = wholeNumber(text(ORIGINAL_BYTES))
  // A record that failed again after a replay has its earlier attempts among its own headers.
  const attempts = headers
    .filter(({ key }) => key === ATTEMPTS_HEADER)
    .map(({ value }) => wholeNumber(value?.toString()) ?? 1)
  return {
    partition,
    offset: cursor.offset,
    timeMs: wholeNumber(text(INGESTION_TIME)) ?? cursor.timestampMs,
    code: text(CODE) ?? '',
    exception: text(EXCEPTION) ?? '',
    message: text(MESSAGE) ?? '',
    attempts: Math.max(1, ...attempts),
    ...(topic !== undefined && { source: { topic, partition: text(PARTITION) ?? '?', offset: text(OFFSET) ?? '?' } }),
    ...(originalBytes !== undefined && { originalBytes }),
  }
}

/** The reason's headers were added last: where a record had one of that name before, it keeps it. */
function originalHeaders(headers: readonly Header[]): Header[] {
  const reasons = new Set(
    [...reasonHeaders].map((name) => headers.findLastIndex(({ key }) => key === name)).filter((index) => index >= 0),
  )
  return headers.filter(({ key }, index) => !reasons.has(index) && key !== ATTEMPTS_HEADER)
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  return Number(text)
}
