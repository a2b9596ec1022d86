import { posix } from 'node:path'
import { importsOf, packageOf } from './imports.ts'
import { isCode, isFixture, isTest, type PackageManifest, type WorkspacePackage } from './repository.ts'

/** Judges one package, knowing all of them; each complaint starts with its folder. */
export type PackageLaw = (judged: WorkspacePackage, workspace: Workspace) => readonly string[]

export interface Workspace {
  readonly root: PackageManifest
  readonly packages: readonly WorkspacePackage[]
}

const isLibrary = ({ folder }: WorkspacePackage) => folder.startsWith('libs/')

const isApp = ({ folder }: WorkspacePackage) => folder.startsWith('apps/')

const isTool = ({ folder }: WorkspacePackage) => folder.startsWith('tools/') || folder === 'bench'

const complain = (broken: boolean, { folder }: WorkspacePackage, complaint: string) =>
  broken ? [`${folder}: ${complaint}`] : []

const typeTags: Readonly<Record<string, readonly string[]>> = {
  libs: ['type:pure', 'type:domain', 'type:schemas', 'type:engine', 'type:adapter', 'type:testing'],
  apps: ['type:app'],
  tools: ['type:tool'],
  bench: ['type:tool'],
}

export const hasOneTypeTag: PackageLaw = (judged) => {
  const allowed = typeTags[judged.folder.split('/')[0] ?? ''] ?? []
  const tags = (judged.manifest.nx?.tags ?? []).filter((tag) => tag.startsWith('type:'))
  return complain(
    tags.length !== 1 || !allowed.includes(tags[0] ?? ''),
    judged,
    `needs one tag of ${allowed.join(', ')}`,
  )
}

export const namedForItsFolder: PackageLaw = (judged) =>
  complain(
    judged.manifest.name !== `@tidemark/${posix.basename(judged.folder)}`,
    judged,
    `is named ${judged.manifest.name}`,
  )

export const licensed: PackageLaw = (judged) =>
  complain(judged.manifest.license !== 'Apache-2.0', judged, 'does not say "license": "Apache-2.0"')

export const hasReadme: PackageLaw = (judged) => {
  const readme = judged.files.find(({ path }) => path === `${judged.folder}/README.md`)
  return [
    ...complain((isLibrary(judged) || isApp(judged)) && readme === undefined, judged, 'has no README.md'),
    ...complain(
      isLibrary(judged) && readme !== undefined && !readme.text.includes('```ts'),
      judged,
      'README.md has no example',
    ),
  ]
}

const conditions = ['@tidemark/source', 'types', 'default']

/** The order counts: Node and TypeScript take the first condition that holds, and `default` always does. */
export const publishable: PackageLaw = (judged) => {
  if (!isLibrary(judged)) return complain(judged.manifest.private !== true, judged, 'is not "private": true')
  const { exports, files, description, engines } = judged.manifest
  const entry = exports?.['.'] ?? {}
  return [
    ...complain(
      Object.keys(entry).join() !== conditions.join(),
      judged,
      `exports["."] is not ${conditions.join(', ')}`,
    ),
    ...complain(entry['@tidemark/source'] !== './src/index.ts', judged, 'the source condition is not ./src/index.ts'),
    ...complain(files?.[0] !== 'dist', judged, '"files" does not start with dist'),
    ...complain(description === undefined, judged, 'has no description'),
    ...complain(engines?.['node'] === undefined, judged, 'does not say which node it needs'),
    ...complain(judged.manifest.type !== 'module', judged, 'is not "type": "module"'),
  ]
}

const codeOf = ({ files }: WorkspacePackage, wanted: (path: string) => boolean) =>
  new Set(
    files
      .filter(({ path }) => isCode(path) && wanted(path))
      .flatMap(({ text }) => importsOf(text))
      .flatMap((specifier) => packageOf(specifier) ?? []),
  )

const runtimeDependencies = ({ manifest }: WorkspacePackage) => ({
  ...manifest.dependencies,
  ...manifest.peerDependencies,
  ...manifest.optionalDependencies,
})

/**
 * Every import is declared, every declaration imported. Tests may lean on the root's development dependencies; so may
 * tools, which are never published.
 */
export const declaresWhatItImports: PackageLaw = (judged, { root }) => {
  const runtime = runtimeDependencies(judged)
  const development = { ...runtime, ...judged.manifest.devDependencies, ...root.devDependencies }
  const isOfTests = (path: string) => isTest(path) || isFixture(path)
  const production = codeOf(judged, (path) => !isOfTests(path))
  const tests = codeOf(judged, isOfTests)
  const allowed = isTool(judged) ? development : runtime
  return [
    ...[...production].flatMap((name) =>
      complain(
        !(name in allowed) && name !== judged.manifest.name,
        judged,
        `imports ${name}, which it does not declare`,
      ),
    ),
    ...[...tests].flatMap((name) =>
      complain(!(name in development) && name !== judged.manifest.name, judged, `a test imports ${name}, undeclared`),
    ),
    ...Object.keys(judged.manifest.dependencies ?? {}).flatMap((name) =>
      complain(!production.has(name), judged, `declares ${name}, which it never imports`),
    ),
    ...Object.keys(judged.manifest.devDependencies ?? {}).flatMap((name) =>
      complain(!tests.has(name) && !production.has(name), judged, `declares ${name} for development, never imported`),
    ),
  ]
}

const allDependencies = (manifest: PackageManifest) =>
  Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  })

/** One version of a dependency in the whole repository, and of a workspace package the one that is here. */
export const agreesOnVersions: PackageLaw = (judged, { root, packages }) => {
  const own = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]))
  const elsewhere = new Map(
    [root, ...packages.filter((other) => other !== judged).map(({ manifest }) => manifest)].flatMap(allDependencies),
  )
  return allDependencies(judged.manifest).flatMap(([name, version]) => {
    const expected = own.get(name) ?? elsewhere.get(name) ?? version
    return complain(version !== expected, judged, `wants ${name} ${version}, elsewhere it is ${expected}`)
  })
}

interface Reference {
  readonly path: string
}

/** A build in the order of the references needs each imported package among them, and no other. */
export const referencesWhatItImports: PackageLaw = (judged, { packages }) => {
  const config = judged.files.find(({ path }) => path === `${judged.folder}/tsconfig.json`)
  if (config === undefined) return complain(true, judged, 'has no tsconfig.json')
  const { references = [] } = JSON.parse(config.text) as { references?: readonly Reference[] }
  const referenced = new Set(references.map(({ path }) => posix.join(judged.folder, path)))
  const imported = codeOf(judged, (path) => path.startsWith(`${judged.folder}/src/`))
  return packages
    .filter(({ folder }) => folder !== judged.folder)
    .flatMap(({ folder, manifest }) => [
      ...complain(
        imported.has(manifest.name) && !referenced.has(folder),
        judged,
        `imports ${manifest.name} without a reference in tsconfig.json`,
      ),
      ...complain(
        !imported.has(manifest.name) && referenced.has(folder),
        judged,
        `references ${folder} in tsconfig.json without importing it`,
      ),
    ])
}

export const packageLaws = {
  hasOneTypeTag,
  namedForItsFolder,
  licensed,
  hasReadme,
  publishable,
  declaresWhatItImports,
  agreesOnVersions,
  referencesWhatItImports,
} as const satisfies Record<string, PackageLaw>
