import Table from 'cli-table3'
import { printableText } from './printable-text.ts'
import { refusalTexts } from './replay-letter.ts'
import type { ReplaySummary } from './replay.ts'

const MAX_WORD_CHARS = 60

/** What a replay did, or in a dry run would do, for people. */
export function replayReport(
  { written, refused, finished }: ReplaySummary,
  { dryRun }: { readonly dryRun: boolean },
): string {
  const letters = written.reduce((sum, entry) => sum + entry.letters, 0)
  const done = dryRun ? 'would be replayed (dry run: nothing was written)' : 'replayed'
  return [
    ...(written.length === 0 ? [] : [writtenTable(written)]),
    `${counted(letters)} ${done}`,
    ...refused.map(
      ({ refusal, letters: count, first }) =>
        `${counted(count)} ${refusalTexts[refusal]} (first: partition ${first.partition} offset ${first.offset})`,
    ),
    ...(finished ? [] : ['stopped before the end: the next replay goes on from there']),
  ].join('\n')
}

function writtenTable(written: ReplaySummary['written']): string {
  const table = new Table({
    head: ['to topic', 'code', 'letters'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right'],
  })
  for (const { topic, code, letters } of written) {
    const [shownTopic, shownCode] = [topic, code].map((text) => printableText(text, { maxChars: MAX_WORD_CHARS }))
    table.push([shownTopic, shownCode === '' ? '–' : shownCode, letters])
  }
  return table.toString()
}

function counted(letters: number): string {
  return `${letters} letter${letters === 1 ? '' : 's'}`
}
