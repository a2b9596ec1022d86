import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryFiles, repositoryRoot, workspacePackages, type WorkspacePackage } from './repository.ts'

const run = promisify(execFile)
const libraries = workspacePackages(repositoryFiles()).filter(({ folder }) => folder.startsWith('libs/'))
const folderName = ({ folder }: WorkspacePackage) => folder.split('/')[1] ?? ''

// A consumer's project: the packed libraries in node_modules, what they depend on linked from the repository's.
const consumer = mkdtempSync(join(tmpdir(), 'tidemark-consumer-'))
const installed = (library: WorkspacePackage) => join(consumer, 'node_modules/@tidemark', folderName(library))

const linkDependencies = () => {
  const source = join(repositoryRoot, 'node_modules')
  for (const name of readdirSync(source)) {
    if (!name.startsWith('.') && name !== '@tidemark') {
      symlinkSync(join(source, name), join(consumer, 'node_modules', name))
    }
  }
}

const packAndInstall = async (library: WorkspacePackage) => {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], {
    cwd: join(repositoryRoot, library.folder),
  })
  const [packed] = JSON.parse(stdout) as readonly { readonly filename: string }[]
  mkdirSync(installed(library), { recursive: true })
  await run('tar', ['-xzf', join(consumer, packed?.filename ?? ''), '-C', installed(library), '--strip-components=1'])
}

/** What the compiler complains about, a line each; it says so on its standard output. */
const compile = async (options: readonly string[], cwd: string): Promise<readonly string[]> => {
  const typescript = join(repositoryRoot, 'node_modules/typescript/bin/tsc')
  const outcome = run(process.execPath, [typescript, ...options], { cwd })
  const said = await outcome.then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { readonly stdout: string }).stdout,
  )
  return said.split('\n').filter((line) => line !== '')
}

beforeAll(async () => {
  // A build does not remove what an earlier one left, and `npm pack` would take it along.
  for (const { folder } of libraries) rmSync(join(repositoryRoot, folder, 'dist'), { recursive: true, force: true })
  expect(await compile(['-b', ...libraries.map(({ folder }) => folder)], repositoryRoot)).toEqual([])
  mkdirSync(join(consumer, 'node_modules'), { recursive: true })
  linkDependencies()
  for (const library of libraries) await packAndInstall(library)
  writeFileSync(join(consumer, 'package.json'), '{"type": "module", "private": true}')
})

afterAll(() => {
  rmSync(consumer, { recursive: true, force: true })
})

describe.each(libraries)('the published $manifest.name', (library) => {
  it('holds the built files, their types, its README, and neither sources nor tests', () => {
    const files = readdirSync(installed(library), { recursive: true, encoding: 'utf8' })
    expect(files).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'README.md', 'package.json']))
    expect(files.filter((path) => /^src|\.test\.|tsbuildinfo$/.test(path))).toEqual([])
  })

  it('has nothing for publint to complain about', async () => {
    const { messages } = await publint({ pkgDir: installed(library), strict: true, pack: false })
    const manifest = JSON.parse(readFileSync(join(installed(library), 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
  })

  it('is imported by a plain Node', async () => {
    const code = `console.log(Object.keys(await import('${library.manifest.name}')).length)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { cwd: consumer })
    expect(Number(stdout)).toBeGreaterThan(0)
  })
})

it('gives a consumer types without any setting of ours', async () => {
  const lines = libraries.map((library, index) => `export * as library${index} from '${library.manifest.name}'`)
  writeFileSync(join(consumer, 'uses.ts'), `${lines.join('\n')}\n`)
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
  const complaints = await compile([...options, '--skipLibCheck', 'false', 'uses.ts'], consumer)
  // Only our own declarations are judged: those of dependencies are their makers' business.
  expect(complaints.filter((line) => /@tidemark|^uses\.ts/.test(line))).toEqual([])
})
