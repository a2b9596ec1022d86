import { posix } from 'node:path'
import { importsOf } from './imports.ts'
import { isCode, type RepositoryFile } from './repository.ts'

/**
 * Files of which none can be read before the others: each circle of relative imports, types included, on a line that begins at its first
 * file. Of circles that share files, at least one is told.
 */
export const importCircles = (files: readonly RepositoryFile[]): readonly string[] => {
  const code = new Map(files.filter(({ path }) => isCode(path)).map((file) => [file.path, file]))
  const done = new Set<string>()
  const circles: string[] = []
  const follow = (path: string, way: readonly string[]): void => {
    const since = way.indexOf(path)
    if (since >= 0) circles.push(circle(way.slice(since)))
    if (since >= 0 || done.has(path)) return
    for (const next of importedBy(code.get(path))) if (code.has(next)) follow(next, [...way, path])
    done.add(path)
  }
  for (const path of code.keys()) follow(path, [])
  return circles
}

const importedBy = (file: RepositoryFile | undefined): readonly string[] =>
  file === undefined
    ? []
    : importsOf(file.text)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => posix.join(posix.dirname(file.path), specifier))

const circle = (way: readonly string[]): string => {
  const first = way.indexOf([...way].sort()[0] ?? '')
  const [start = '', ...rest] = [...way.slice(first), ...way.slice(0, first)]
  return [start, ...rest, start].join(' -> ')
}
