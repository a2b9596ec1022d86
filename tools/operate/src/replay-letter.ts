import type { BytesToWrite } from '@tidemark/streams'
import { ATTEMPTS_HEADER, type StoredLetter } from './dead-letter.ts'

/** Why a letter is not written back. */
export type Refusal = 'cut' | 'no-source'

/** What becomes of a letter: a record for its topic; lost to any replay; or left until a target is named. */
export type ReplayVerdict =
  { readonly kind: 'write'; readonly record: BytesToWrite } | { readonly kind: 'refuse'; readonly refusal: Refusal }

/** A sentence for each refusal, after the number of letters. */
export const refusalTexts: Readonly<Record<Refusal, string>> = {
  cut: 'with a value that was cut for its size: the rest of it is gone, there is nothing to replay',
  'no-source': 'that came from no topic (such as frames of an exchange): left as they are, until --to names one',
}

/**
 * The original record: key, bytes and headers as they were, and how often it has been a dead letter so far, from which the next one counts on. It goes to the topic it came from, or to `to`; its
 * partition follows from its key.
 */
export function replayLetter(
  letter: StoredLetter,
  { to, nowMs }: { readonly to?: string; readonly nowMs: number },
): ReplayVerdict {
  const { key, value, originalHeaders, attempts, source, originalBytes } = letter
  if (originalBytes !== undefined) return { kind: 'refuse', refusal: 'cut' }
  const topic = to ?? source?.topic
  if (topic === undefined || topic === '') return { kind: 'refuse', refusal: 'no-source' }
  const attempt = { key: ATTEMPTS_HEADER, value: Buffer.from(String(attempts)) }
  return { kind: 'write', record: { topic, key, value, timestampMs: nowMs, headers: [...originalHeaders, attempt] } }
}
