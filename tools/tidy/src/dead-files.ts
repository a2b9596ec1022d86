import { leadsTo } from './imports.ts'
import { isCode, isTest, type RepositoryFile } from './repository.ts'

/** Where reading begins: a library's surface, a program's start, and what tools and the compiler read by convention. */
const isStart = (path: string) =>
  /^((libs|apps|tools)\/[^/]+|bench)\/src\/(index|main)\.ts$/.test(path) ||
  /^[^/]+\.config\.(ts|js|mjs)$/.test(path) ||
  /(^|\/)package\.json$/.test(path) ||
  path.endsWith('.d.ts') ||
  path.startsWith('.ci/')

/** What exists for tests alone says so in its name. */
const isForTests = (path: string) =>
  /(^|[-./])(fixtures?|fakes?|samples?|oracle|manual|memory|e2e|testing|tests?)([-./]|$)/.test(path)

const reachable = (files: readonly RepositoryFile[], starts: (path: string) => boolean): ReadonlySet<string> => {
  const known = new Set(files.map(({ path }) => path))
  const byPath = new Map(files.map((file) => [file.path, file]))
  const found = new Set(files.map(({ path }) => path).filter(starts))
  for (const path of found) {
    const file = byPath.get(path)
    if (file !== undefined) for (const next of leadsTo(file, known)) found.add(next)
  }
  return found
}

/**
 * Code that nothing leads to. A file that only tests lead to counts as dead too, unless its name says that it is for
 * tests: production code which only its own test uses is not used.
 */
export const deadFiles = (files: readonly RepositoryFile[]): readonly string[] => {
  const judged = files.filter(({ path }) => isCode(path) || isStart(path))
  const used = reachable(judged, isStart)
  const tested = reachable(judged, (path) => isStart(path) || isTest(path))
  return judged.flatMap(({ path }) => {
    if (used.has(path) || isTest(path)) return []
    if (!tested.has(path)) return [`${path}: nothing leads to this file`]
    return isForTests(path) ? [] : [`${path}: only tests lead to this file`]
  })
}
