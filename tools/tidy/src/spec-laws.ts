import { posix } from 'node:path'
import { isTest, type RepositoryFile } from './repository.ts'

/** A test that a specification names: a file, and a sentence of its, or the beginning of one. */
interface NamedTest {
  readonly file: string
  readonly sentence: string | undefined
}

const lawRow = /^\| *(\d+) *\|.*\|([^|]+)\|$/gm
const named = /`([^`]+\.test\.ts)`(?:, [_*]([^_*]+)[_*])?/g

const namedTests = (cell: string): readonly NamedTest[] =>
  [...cell.matchAll(named)].map(({ 1: file = '', 2: sentence }) => ({ file, sentence: sentence?.replace(/ *…$/, '') }))

/**
 * Each law of a SPEC.md (a row that begins with its number) names, in its last cell, tests that are there: a file,
 * looked up from the library's sources or from the root, and a sentence that stands in it.
 */
export const unenforcedLaws = (files: readonly RepositoryFile[]): readonly string[] => {
  const tests = new Map(files.filter(({ path }) => isTest(path)).map(({ path, text }) => [path, text]))
  return files
    .filter(({ path }) => posix.basename(path) === 'SPEC.md')
    .flatMap(({ path, text }) =>
      [...text.matchAll(lawRow)].flatMap(({ 1: law = '', 2: cell = '' }) => {
        const complain = (complaint: string) => [`${path}: law ${law} ${complaint}`]
        const enforcing = namedTests(cell)
        if (enforcing.length === 0) return complain('names no test')
        return enforcing.flatMap(({ file, sentence }) => {
          const found = tests.get(posix.join(posix.dirname(path), 'src', file)) ?? tests.get(file)
          if (found === undefined) return complain(`names ${file}, which is not there`)
          return sentence === undefined || found.includes(sentence)
            ? []
            : complain(`names "${sentence}", not in ${file}`)
        })
      }),
    )
}
