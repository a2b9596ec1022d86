import type { LogReaderPort } from '@tidemark/streams'
import Table from 'cli-table3'
import { letterSummary, type LetterSummary } from './dead-letter.ts'
import { printableText } from './printable-text.ts'
import { scanTopic } from './scan-topic.ts'

export interface ListOptions {
  readonly topic: string
  /** This code only. */
  readonly code?: string
  /** Set aside at this time or later. */
  readonly sinceMs?: number
  /** At most so many are kept: the newest. */
  readonly limit: number
}

/** The newest letters that were asked for, oldest first, and how many there are in all. */
export interface LetterList {
  readonly letters: readonly LetterSummary[]
  readonly matching: number
  readonly total: number
}

/** How much of a message fits beside the other columns. */
const MAX_MESSAGE_CHARS = 100
const MAX_WORD_CHARS = 60

/** Reads a whole topic of dead letters, keeping no more than twice the limit in memory. */
export async function listLetters(reader: LogReaderPort, options: ListOptions): Promise<LetterList> {
  const { topic, code, sinceMs = -Infinity, limit } = options
  let kept: LetterSummary[] = []
  let matching = 0
  let total = 0
  for await (const { cursor, partition } of scanTopic(reader, topic)) {
    total++
    const letter = letterSummary(cursor, partition)
    if (letter.timeMs < sinceMs || (code !== undefined && letter.code !== code)) continue
    matching++
    kept.push(letter)
    if (kept.length >= 2 * limit) kept = newest(kept, limit)
  }
  return { letters: newest(kept, limit), matching, total }
}

function newest(letters: readonly LetterSummary[], limit: number): LetterSummary[] {
  return letters
    .toSorted((a, b) => a.timeMs - b.timeMs || a.partition - b.partition || a.offset - b.offset)
    .slice(-limit)
}

/** A list as a table, with a last line that says what is not in it. */
export function lettersTable({ letters, matching, total }: LetterList): string {
  if (letters.length === 0) return total === 0 ? 'no dead letters' : `none of ${total} dead letters is like that`
  const table = new Table({
    head: ['partition', 'offset', 'time (UTC)', 'code', 'attempts', 'source', 'message'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }, // no line between rows
    colAligns: ['right', 'right', 'left', 'left', 'right', 'left', 'left'],
  })
  for (const letter of letters) {
    table.push([
      letter.partition,
      letter.offset,
      utc(letter.timeMs),
      word(letter.code),
      letter.attempts,
      sourceText(letter),
      printableText(letter.message, { maxChars: MAX_MESSAGE_CHARS }),
    ])
  }
  const newestOnes = letters.length < matching ? `the newest ${letters.length} of ` : ''
  const others = matching < total ? ` (of ${total} in the topic)` : ''
  return `${table.toString()}\n${newestOnes}${matching} dead letter${matching === 1 ? '' : 's'}${others}`
}

/** Topic, partition and offset that a letter came from, as one word. */
export function sourceText({ source }: LetterSummary): string {
  return source === undefined ? '–' : word(`${source.topic}/${source.partition}/${source.offset}`)
}

/** A time as people read it, or the number where it is none. */
export function utc(timeMs: number): string {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? String(timeMs) : date.toISOString().replace('T', ' ').replace('Z', '')
}

function word(text: string): string {
  return text === '' ? '–' : printableText(text, { maxChars: MAX_WORD_CHARS })
}
