/**
 * Why a frame is no trade and no other known event, as a closed list. Dead letters carry it in `tidemark.dlq.code`, so that they can
 * be counted and searched by reason.
 */
export const rejectCodes = [
  'empty',
  'oversized',
  'binary',
  'not-json',
  'wrong-type',
  'missing-field',
  'unknown-event',
  'bad-decimal',
  'not-positive',
  'lossy-decimal',
  'unsafe-integer',
] as const

export type RejectCode = (typeof rejectCodes)[number]

/** What is wrong with a frame or a field; the message names the field as the exchange does, with the value it had. */
export interface Flaw {
  readonly code: RejectCode
  readonly message: string
}

const maxQuotedLength = 60

/** A value from outside, fit for a message: quoted, on one line, and never long. */
export function quoted(value: unknown): string {
  if (typeof value !== 'string')
    return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  return JSON.stringify(value.length > maxQuotedLength ? `${value.slice(0, maxQuotedLength)}…` : value)
}
