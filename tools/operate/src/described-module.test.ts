import { execFile } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const run = promisify(execFile)

test.each([
  ['README.md', 'README.md is no module: give a file of TypeScript or JavaScript (.ts, .mts, .cts, .js, .mjs, .cjs)\n'],
  ['package.json', 'package.json is no module: give a file of'],
  ['.', '. is no module: give a file of'],
  ['nowhere.ts', 'there is no module '],
])('what is no module is refused in a line: %s', async (module, message) => {
  const args = ['--conditions=@tidemark/source', 'tools/operate/src/main.ts', 'topology', 'describe', module]
  const { stderr } = (await run(process.execPath, args, { cwd: root }).catch((error: unknown) => error)) as {
    stderr: string
  }
  expect(stderr.startsWith(`error: ${message}`), stderr).toBe(true)
  expect(stderr.split('\n')).toHaveLength(2)
})
