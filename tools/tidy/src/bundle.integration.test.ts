import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'
import { expect, inject, it, onTestFinished } from 'vitest'
import { repositoryRoot } from './repository.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
  }
}

const PROGRAM = 'tools/tidy/src/bin/bundled-program-fixture.ts'
/** They load machine code from beside themselves, which no bundler takes along: whoever bundles installs them. */
const NATIVE = ['@node-rs/crc32', 'lz4-napi', 'snappy']

it('a program with the engine, bundled into one file beside its native packages, runs in tests and on a broker', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const warnings: string[] = []
  const bundler = await rolldown({
    input: join(repositoryRoot, PROGRAM),
    platform: 'node',
    resolve: { conditionNames: ['@tidemark/source', 'node', 'import', 'default'] },
    external: NATIVE,
    onLog: (level, { message }) => {
      if (level === 'warn') warnings.push(message)
    },
  })
  const file = join(folder, 'program.mjs')
  const { output } = await bundler.write({ file, format: 'esm', codeSplitting: false })
  await bundler.close()
  const imported = output.flatMap((part) => (part.type === 'chunk' ? part.imports : []))
  const isBuiltIn = (name: string) => builtinModules.includes(name.replace('node:', ''))
  expect(imported.filter((name) => !isBuiltIn(name)).sort()).toEqual(NATIVE)
  expect(warnings).toEqual([])

  // Nothing else is there to be found.
  for (const name of NATIVE) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(repositoryRoot, 'node_modules', name), link)
  }
  const args = [file, inject('kafka'), `bundle-${randomUUID()}`]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: folder, timeout: 60_000 })
  expect({ stderr, ...(JSON.parse(stdout) as object) }).toEqual({
    stderr: '',
    tested: [42],
    committed: [42, 42, 42, 42],
  })
})
