import { basename } from 'node:path'
import { isCode, isTest, type RepositoryFile } from './repository.ts'

/** Judges one file; each complaint starts with its path. */
export type FileLaw = (file: RepositoryFile) => readonly string[]

const maxCodeLines = 400
/** Made from the schemas, and as long as they are. */
const generatedCode = 'libs/schemas/src/records.ts'
const maxDecisionLines = 60

const linesOf = (text: string) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

const complain = (broken: boolean, { path }: RepositoryFile, complaint: string) =>
  broken ? [`${path}: ${complaint}`] : []

/** Lines with a match, named by number, so that the complaint can be clicked. */
const complainByLine = ({ path, text }: RepositoryFile, pattern: RegExp, complaint: string) =>
  text.split('\n').flatMap((line, index) => {
    const match = pattern.exec(line)
    return match === null ? [] : [`${path}:${index + 1}: ${complaint}: ${match[0].trim()}`]
  })

export const fileSize: FileLaw = (file) => {
  const lines = linesOf(file.text)
  const isJudged = isCode(file.path) && file.path !== generatedCode
  return complain(isJudged && lines > maxCodeLines, file, `${lines} lines, at most ${maxCodeLines}`)
}

export const decisionSize: FileLaw = (file) => {
  const lines = linesOf(file.text)
  return complain(
    file.path.startsWith('docs/adr/') && lines > maxDecisionLines,
    file,
    `${lines} lines, a decision has at most ${maxDecisionLines}`,
  )
}

export const decisionShape: FileLaw = (file) =>
  /^docs\/adr\/(?!readme\.md)/i.test(file.path)
    ? [
        ...complain(
          !/^docs\/adr\/\d{4}-[a-z0-9-]+\.md$/.test(file.path),
          file,
          'is not named NNNN-what-was-decided.md',
        ),
        ...['Context', 'Decision', 'Consequences'].flatMap((heading) =>
          complain(!new RegExp(`^## ${heading}`, 'm').test(file.text), file, `has no section "${heading}"`),
        ),
      ]
    : []

const kebabName = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/
const customaryNames =
  /^(README|ARCHITECTURE|CONTRIBUTING|CHANGELOG|SECURITY|SPEC|BENCHMARKS)\.md$|^(LICENSE|NOTICE|Dockerfile|Chart\.yaml|NOTES\.txt)$|^_[a-z]+\.tpl$/

/** Named for the record or class in it: an Avro schema by custom, a Java file by its compiler. */
const namedForContent = /^[A-Z][A-Za-z0-9]*\.(avsc|java)$/

export const kebabCase: FileLaw = (file) => {
  const name = basename(file.path)
  return complain(
    !kebabName.test(name) && !customaryNames.test(name) && !namedForContent.test(name),
    file,
    'is not kebab-case',
  )
}

const emptyNames = /^(utils?|helpers?|common|types?|misc|shared|stuff|lib|base)$/
const emptyWords = /(^|-)(manager|handler|processor|helpers?|utils?)$/

export const nameSaysSomething: FileLaw = (file) => {
  const stem = basename(file.path).replace(/\..*$/, '')
  const folders = file.path.split('/').slice(2, -1)
  return [
    ...complain(
      isCode(file.path) && (emptyNames.test(stem) || emptyWords.test(stem)),
      file,
      'has a name that says nothing',
    ),
    ...complain(
      isCode(file.path) && folders.some((folder) => emptyNames.test(folder)),
      file,
      'is in a folder that says nothing',
    ),
  ]
}

/** Written with a class in the middle, so that the law does not break itself. */
const leftover = /\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/

export const noLeftovers: FileLaw = (file) => complainByLine(file, leftover, 'left for later')

const unfinishedTest = /\b(it|test|describe|suite|bench)(\.\w+)*\.(only|skip|todo)\b/

export const everyTestRuns: FileLaw = (file) =>
  isTest(file.path) ? complainByLine(file, unfinishedTest, 'a test that does not run, or keeps others from it') : []

/** The reason stands after two dashes, as ESLint reads it. */
const unexplained = /eslint-disable(?!.* -- \S)/

export const disablingSaysWhy: FileLaw = (file) =>
  isCode(file.path) && !file.path.startsWith('tools/tidy/')
    ? complainByLine(file, unexplained, 'a rule disabled without a reason')
    : []

const machinePath = /(^|[\s"'`(=:[])\/(work|root|home|Users)\/[\w.-]+/
const foreignWords = /\b(A[I]|L[L]Ms?|chat[b]ot|[a]ssistant|co[p]ilot)\b/

export const speaksOfItselfAlone: FileLaw = (file) =>
  file.path === 'LICENSE' || file.path.endsWith('.sum') || basename(file.path) === 'package-lock.json'
    ? []
    : [
        ...complainByLine(file, machinePath, "a path of somebody's machine"),
        ...complainByLine(file, foreignWords, 'a word that has nothing to do with the product'),
      ]

/** With `resolved` addresses every install would go to the registry that was in use when the lockfile was written. */
export const lockfileNamesNoHost: FileLaw = (file) =>
  basename(file.path) === 'package-lock.json'
    ? complainByLine(file, /"resolved": "https?:[^"]+"/, 'an address in the lockfile')
    : []

export const fileLaws = {
  fileSize,
  decisionSize,
  decisionShape,
  kebabCase,
  nameSaysSomething,
  noLeftovers,
  everyTestRuns,
  disablingSaysWhy,
  speaksOfItselfAlone,
  lockfileNamesNoHost,
} as const satisfies Record<string, FileLaw>
