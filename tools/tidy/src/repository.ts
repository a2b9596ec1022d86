import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the repository: its path from the root, with forward slashes, and its text. */
export interface RepositoryFile {
  readonly path: string
  readonly text: string
}

export interface PackageManifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly license?: string
  readonly description?: string
  readonly type?: string
  readonly files?: readonly string[]
  readonly engines?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly nx?: { readonly tags?: readonly string[] }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** A package of the workspace: its folder from the root, its manifest, and its files. */
export interface WorkspacePackage {
  readonly folder: string
  readonly manifest: PackageManifest
  readonly files: readonly RepositoryFile[]
}

export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '../../..')

const binary = /\.(gz|zst|png|jpe?g|ico|woff2?|bin)$/

/** Every text file git knows or would add: new files are judged before they are committed. Files deleted since are left out. */
export const repositoryFiles = (): readonly RepositoryFile[] =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
    .split('\0')
    .filter((path) => path !== '' && !binary.test(path) && existsSync(join(repositoryRoot, path)))
    .map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), 'utf8') }))

/** The packages under libs, apps and tools, and the bench, with the files of each. */
export const workspacePackages = (files: readonly RepositoryFile[]): readonly WorkspacePackage[] =>
  files.flatMap((file) => {
    const folder = /^((?:libs|apps|tools)\/[^/]+|bench)\/package\.json$/.exec(file.path)?.[1]
    if (folder === undefined) return []
    // A manifest further down makes a package of its own, which is no part of the workspace.
    const nested = files.flatMap(({ path }) =>
      path.startsWith(`${folder}/`) && path.endsWith('/package.json') && path !== file.path
        ? [posix.dirname(path) + '/']
        : [],
    )
    return [
      {
        folder,
        manifest: JSON.parse(file.text) as PackageManifest,
        files: files.filter(
          ({ path }) => path.startsWith(`${folder}/`) && !nested.some((each) => path.startsWith(each)),
        ),
      },
    ]
  })

export const isCode = (path: string) => /\.(ts|js|mjs|cjs|tsx)$/.test(path)

export const isTest = (path: string) => /\.(test|bench)\.ts$/.test(path)

/** What only tests import: their data, and the code that they share. */
export const isFixture = (path: string) => /-fixture\.ts$/.test(path)
