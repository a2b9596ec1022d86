import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { repositoryRoot, type RepositoryFile } from './repository.ts'

/** An example from a README: ```` ```ts ```` is run, ```` ```ts no-run ```` (it needs a server) is only type-checked. */
export interface ReadmeExample {
  readonly readme: string
  readonly line: number
  readonly runs: boolean
  readonly code: string
}

const fence = /^```ts([^\n]*)\n([\s\S]*?)^```/gm

export const examplesOf = ({ path, text }: RepositoryFile): readonly ReadmeExample[] =>
  [...text.matchAll(fence)].map(({ index, 1: flags = '', 2: code = '' }) => ({
    readme: path,
    line: text.slice(0, index).split('\n').length + 1,
    runs: !/\bno-run\b/.test(flags),
    code,
  }))

/** Files for the examples, in a build folder of this package: there, imports resolve as they do in the workspace. */
export const writeExamples = (examples: readonly ReadmeExample[]): ReadonlyMap<ReadmeExample, string> => {
  const folder = join(repositoryRoot, 'tools/tidy/dist/examples')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return new Map(
    examples.map((example) => {
      const path = join(
        folder,
        `${example.readme.replace(/\/README\.md$/, '').replaceAll('/', '-')}-${example.line}.ts`,
      )
      writeFileSync(path, example.code)
      return [example, path]
    }),
  )
}

const compilerOptions = (): ts.CompilerOptions => {
  const base = ts.readConfigFile(join(repositoryRoot, 'tsconfig.base.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent(base.config, ts.sys, repositoryRoot)
  return { ...options, noEmit: true, composite: false, incremental: false, noUnusedLocals: false, skipLibCheck: true }
}

/** What the compiler says about these files themselves, by file; the sources they import are checked elsewhere. */
export const typeErrorsOf = (paths: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const program = ts.createProgram([...paths], compilerOptions())
  return new Map(
    paths.map((path) => {
      const source = program.getSourceFile(path)
      const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return [path, diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))]
    }),
  )
}
