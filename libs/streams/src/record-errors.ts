import { LimitError } from '@tidemark/windowing'
import { StreamsError } from './errors.ts'
import type { RecordPlace } from './run-options.ts'

/** What code of the topology has thrown at a record; where it was at state that had to be taken up for it, the record is not at fault. */
export function recordFailed(record: RecordPlace, error: unknown): StreamsError {
  if (error instanceof StreamsError && error.code === 'state-failed') return error
  const reason = error instanceof Error ? error.message : String(error)
  const message = `${nameOf(record)}: ${reason}`
  if (error instanceof LimitError) return new StreamsError('limit-reached', message, { cause: error, record })
  const isResult = error instanceof StreamsError && error.code === 'encode-failed'
  // Of state, what comes of the next records fails in the same way.
  const hint = isResult ? skipHint(record, ', if it is what that came of') : skipHint(record)
  return new StreamsError('record-failed', message + hint, { cause: error, record })
}

/** What was to be written can't be: names where, since it may come of state that many records have made. */
export function encodeFailed(target: string, error: unknown): unknown {
  if (error instanceof StreamsError || error instanceof LimitError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new StreamsError('encode-failed', `what goes to ${target}: ${reason}`, { cause: error })
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

function skipHint({ topic, partition, offset }: RecordPlace, where = ''): string {
  return `; to go on without this record${where}, skip ${topic}/${partition}/${offset}`
}
