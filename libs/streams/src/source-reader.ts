import type { EventClock } from '@tidemark/windowing'
import type { Codec } from './codec.ts'
import { KeyCache } from './key-cache.ts'
import type { KeyNames } from './key-codec.ts'
import type { Operator } from './operator.ts'
import type { RecordCursor } from './record-batch.ts'
import { ReusedRecord } from './stream-record.ts'

/** Header of a heartbeat: every record of its key with an event time below the value stands before it in the partition. */
export const WATERMARK_HEADER = 'tidemark.watermark_ms'

/** Why a record can't be processed, as a closed list (header `tidemark.dlq.code`). */
export type DeadLetterCode = 'malformed' | 'unknown-schema' | 'invalid' | 'missing-key' | 'bad-timestamp' | 'skipped'

export interface RecordIssue {
  readonly code: DeadLetterCode
  readonly message: string
}

/** What came of a record: taken in, not for processing (a tombstone), bad, or not readable before its schema is loaded. */
export type Accepted =
  | { readonly kind: 'processed' }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'bad'; readonly issue: RecordIssue }
  | { readonly kind: 'needs-schema'; readonly schemaId: number; readonly issue: RecordIssue }

const PROCESSED: Accepted = { kind: 'processed' }
const SKIPPED: Accepted = { kind: 'skipped' }

export interface SourceReaderOptions<V> {
  readonly codec: Codec<V>
  readonly keys: KeyNames
  readonly timestampMs: (value: V) => number
  readonly clock: EventClock
  readonly next: Operator<V>
}

/** Turns the bytes of a source's records into values with an event time, moves the clock, and starts them on their way. */
export interface SourceReader {
  /** Processes the record that the cursor is at. Throws what user code throws. */
  accept(cursor: RecordCursor): Accepted
  /** Fetches a schema that a record needs; false where there is none. */
  load(schemaId: number): Promise<boolean>
  /** Event time of the last record or heartbeat, which may be anywhere in its log; `-Infinity` before the first. */
  readonly lastMs: number
}

export function sourceReader<V>(options: SourceReaderOptions<V>): SourceReader {
  const { codec, keys, timestampMs, clock, next } = options
  const cache = new KeyCache()
  const record = new ReusedRecord<V>()
  record.timestampMs = -Infinity
  return {
    accept(cursor) {
      if (cursor.valueStart < 0) return acceptHeartbeat(cursor, options, record)
      const decoded = codec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
      if (!decoded.ok) {
        const { issue } = decoded
        if (issue.code !== 'unknown-schema' || issue.schemaId === undefined) return { kind: 'bad', issue }
        return { kind: 'needs-schema', schemaId: issue.schemaId, issue }
      }
      if (cursor.keyStart < 0) return badRecord('missing-key', 'the record has no key')
      const { value } = decoded
      const timeMs = timestampMs(value)
      if (!Number.isSafeInteger(timeMs) || timeMs < 0) {
        return badRecord('bad-timestamp', `event time is not milliseconds since 1970: ${timeMs}`)
      }
      const { bytes, keyStart, keyEnd } = cursor
      if (keys.codec !== undefined) {
        const judged = keys.codec.decode(bytes, keyStart, keyEnd)
        if (!judged.ok) return badRecord(judged.issue.code, judged.issue.message)
      }
      const key = keys.codec === undefined ? cache.keyIn(bytes, keyStart, keyEnd) : keys.nameOf(bytes, keyStart, keyEnd)
      clock.observe(key, timeMs)
      next.process(record.of(key, value, timeMs))
      return PROCESSED
    },
    load: async (schemaId) => (await codec.load?.(schemaId)) ?? false,
    get lastMs() {
      return record.timestampMs
    },
  }
}

function acceptHeartbeat<V>(
  cursor: RecordCursor,
  { clock, next, keys }: SourceReaderOptions<V>,
  last: ReusedRecord<V>,
): Accepted {
  const header = cursor.headers().find(({ key }) => key === WATERMARK_HEADER)
  if (header === undefined) return SKIPPED
  if (cursor.keyStart < 0) return badRecord('missing-key', 'the heartbeat has no key')
  const text = header.value?.toString() ?? ''
  const watermarkMs = text === '' ? NaN : Number(text)
  if (!Number.isSafeInteger(watermarkMs) || watermarkMs < 0) {
    return badRecord('bad-timestamp', `header ${WATERMARK_HEADER} is not milliseconds since 1970: '${text}'`)
  }
  const key = keys.nameOf(cursor.bytes, cursor.keyStart, cursor.keyEnd)
  clock.heartbeat(key, watermarkMs)
  last.timestampMs = watermarkMs
  next.advance(key)
  return PROCESSED
}

/** A record that can't be processed. */
export function badRecord(code: DeadLetterCode, message: string): Accepted {
  return { kind: 'bad', issue: { code, message } }
}
