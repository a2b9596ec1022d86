import { LimitError } from '@tidemark/windowing'
import { StreamsError } from './errors.ts'
import type { RecordPlace } from './run-options.ts'

/** What code of the topology has thrown at a record; where it was at state that had to be taken up for it, the record is not at fault. */
export function recordFailed(record: RecordPlace, error: unknown): StreamsError {
  if (error instanceof StreamsError && error.code === 'state-failed') return error
  const reason = error instanceof Error ? error.message : String(error)
  const message = `${nameOf(record)}: ${reason}`
  if (error instanceof LimitError) return new StreamsError('limit-reached', message, { cause: error, record })
  return new StreamsError('record-failed', message + skipHint(record), { cause: error, record })
}

/** A record has taken longer than one may, or one of the few that were looked at together, of which it is the last. */
export function recordTooSlow(
  record: RecordPlace,
  slow: { readonly records: number; readonly tookMs: number },
  deadlineMs: number,
): StreamsError {
  const others = slow.records === 1 ? '' : `, or one of the ${slow.records - 1} before it,`
  const message = `${nameOf(record)}${others} took ${slow.tookMs} ms, and may take ${deadlineMs} ms (recordDeadlineMs)`
  return new StreamsError('record-too-slow', message + skipHint(record), { record })
}

function nameOf({ topic, partition, offset }: RecordPlace): string {
  return `topic ${topic} partition ${partition} offset ${offset}`
}

function skipHint({ topic, partition, offset }: RecordPlace): string {
  return `; to go on without this record, skip ${topic}/${partition}/${offset}`
}
