import { describe, expect, it } from 'vitest'
import { packageLaws } from './package-laws.ts'
import type { PackageManifest, WorkspacePackage } from './repository.ts'

const root: PackageManifest = { name: 'root', version: '0.1.0', devDependencies: { vitest: '^5.0.0' } }
const sound: PackageManifest = {
  name: '@tidemark/a',
  version: '0.1.0',
  license: 'Apache-2.0',
  type: 'module',
  description: 'A library.',
  engines: { node: '>=22' },
  files: ['dist'],
  exports: { '.': { '@tidemark/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
  nx: { tags: ['type:pure'] },
  dependencies: { '@tidemark/b': '0.1.0', zod: '^4.0.0' },
}

interface Change {
  readonly manifest?: Partial<PackageManifest>
  readonly files?: Readonly<Record<string, string>>
}

const library = ({ manifest = {}, files = {} }: Change = {}): WorkspacePackage => ({
  folder: 'libs/a',
  manifest: { ...sound, ...manifest },
  files: Object.entries({
    'README.md': '```ts\n```',
    'tsconfig.json': '{"references": [{"path": "../b"}]}'.replace('../b', '../../libs/b'),
    'src/index.ts': "import { z } from 'zod/v4'\nimport type { B } from '@tidemark/b'\n",
    'src/index.test.ts': "import { it } from 'vitest'\n",
    ...files,
  }).map(([path, text]) => ({ path: `libs/a/${path}`, text })),
})

const other: WorkspacePackage = {
  folder: 'libs/b',
  manifest: { name: '@tidemark/b', version: '0.1.0', dependencies: { zod: '^4.0.0' } },
  files: [],
}

const judge = (law: keyof typeof packageLaws, change: Change = {}) => {
  const judged = library(change)
  return packageLaws[law](judged, { root, packages: [judged, other] })
}

const violations: readonly (readonly [keyof typeof packageLaws, string, Change])[] = [
  ['hasOneTypeTag', 'has no tag', { manifest: { nx: { tags: [] } } }],
  ['hasOneTypeTag', 'is tagged as an app in libs', { manifest: { nx: { tags: ['type:app'] } } }],
  ['namedForItsFolder', 'has the name of another folder', { manifest: { name: '@tidemark/c' } }],
  ['licensed', 'has another license', { manifest: { license: 'MIT' } }],
  ['hasReadme', 'has a README without an example', { files: { 'README.md': 'words' } }],
  [
    'publishable',
    'puts the default before the types',
    {
      manifest: {
        exports: {
          '.': { '@tidemark/source': './src/index.ts', default: './dist/index.js', types: './dist/index.d.ts' },
        },
      },
    },
  ],
  ['publishable', 'publishes its sources', { manifest: { files: ['src'] } }],
  [
    'declaresWhatItImports',
    'imports what it does not declare',
    { files: { 'src/index.ts': "import 'zod'\nimport '@tidemark/b'\nimport 'ws'\n" } },
  ],
  ['declaresWhatItImports', 'leans on the root for production code', { files: { 'src/run.ts': "import 'vitest'\n" } }],
  [
    'declaresWhatItImports',
    'declares what it does not import',
    { manifest: { dependencies: { ...sound.dependencies, ws: '^8.0.0' } } },
  ],
  ['agreesOnVersions', 'wants another version than its neighbour', { manifest: { dependencies: { zod: '^3.0.0' } } }],
  [
    'agreesOnVersions',
    'wants another version of a neighbour than there is',
    { manifest: { dependencies: { '@tidemark/b': '0.2.0' } } },
  ],
  ['referencesWhatItImports', 'does not reference what it imports', { files: { 'tsconfig.json': '{}' } }],
  ['referencesWhatItImports', 'references what it does not import', { files: { 'src/index.ts': "import 'zod'\n" } }],
]

describe('a law of packages', () => {
  it.each(Object.keys(packageLaws) as (keyof typeof packageLaws)[])('%s: lets a sound library be', (law) => {
    expect(judge(law)).toEqual([])
  })

  it.each(violations)('%s: notices a library that %s', (law, _what, change) => {
    expect(judge(law, change)).toHaveLength(1)
  })

  it.each(['libs/a', 'apps/a'])('notices that %s has no README; an app needs no example in it', (folder) => {
    const judged = { ...library(), folder, files: [] }
    expect(packageLaws.hasReadme(judged, { root, packages: [judged] })).toEqual([`${folder}: has no README.md`])
    const readme = { path: 'apps/a/README.md', text: 'words' }
    const app = { ...library(), folder: 'apps/a', files: [readme] }
    expect(packageLaws.hasReadme(app, { root, packages: [app] })).toEqual([])
  })
})
