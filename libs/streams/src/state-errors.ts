import { EntryError, LimitError } from '@tidemark/windowing'
import { StreamsError } from './errors.ts'

/** What code of the topology has thrown at an entry of a state, named: no record is at fault, and none need be skipped. */
export function entryFailed(state: string, entryKey: string, error: unknown): StreamsError {
  return stateFailed(state, error instanceof EntryError ? error : new EntryError(entryKey, error))
}

/** What has come of a state. Errors that say so themselves stay as they are. */
export function stateFailed(state: string, error: unknown): StreamsError {
  const cause = error instanceof EntryError ? error.cause : error
  if (cause instanceof StreamsError) return cause
  const code = cause instanceof LimitError ? 'limit-reached' : 'state-failed'
  const entry = error instanceof EntryError ? `, entry ${error.entryKey}` : ''
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StreamsError(code, `state ${state}${entry}: ${reason}`, { cause })
}
