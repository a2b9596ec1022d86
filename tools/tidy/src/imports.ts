import { posix } from 'node:path'
import ts from 'typescript'
import { isCode, type RepositoryFile } from './repository.ts'

/** The specifiers a file imports or re-exports, types included; `import()` with a literal counts. */
export const importsOf = (text: string): readonly string[] =>
  ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)

/** The package a specifier names, or nothing for a relative import and node's own modules: `kafkajs/src/x` is `kafkajs`. */
export const packageOf = (specifier: string): string | undefined => {
  if (specifier.startsWith('.') || specifier.startsWith('/') || specifier.startsWith('node:')) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/**
 * Paths, from the root, that a file leads to: relative imports, and files it names in a string, as
 * `new URL('./supervisor.ts', import.meta.url)` does. A string is looked up from the file's folder, from its package
 * and from the root; what is not there is left out. In a manifest or a script every word counts.
 */
export const leadsTo = ({ path, text }: RepositoryFile, known: ReadonlySet<string>): readonly string[] => {
  const names = isCode(path) ? /['"`]([^'"`\s]+\.(?:ts|mjs|js|cjs))['"`]/g : /([\w./-]+\.(?:ts|mjs|js|cjs))\b/g
  const named = [...text.matchAll(names)].map(({ 1: name = '' }) => name)
  const bases = [
    posix.dirname(path),
    path.split('/').slice(0, 2).join('/'),
    posix.join(posix.dirname(path), 'src'),
    '.',
  ]
  const imported = importsOf(text).filter((specifier) => specifier.startsWith('.'))
  return [...imported, ...named].flatMap((name) =>
    bases.map((base) => posix.join(base, name)).filter((candidate) => known.has(candidate)),
  )
}
