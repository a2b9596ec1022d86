import type { RepositoryFile } from './repository.ts'

const scriptCall = /\bnpm run ([a-z][a-z:-]*)/g

/** Scripts that a document tells its reader to run, and that no package.json of the repository has. */
export const unknownScripts = (files: readonly RepositoryFile[], scripts: ReadonlySet<string>): readonly string[] =>
  files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(scriptCall)].flatMap(({ 1: name = '' }) =>
        scripts.has(name) ? [] : [`${path}: npm run ${name}: there is no such script`],
      ),
    )
