import { expect, it } from 'vitest'
import { deadFiles } from './dead-files.ts'

const file = (path: string, text = '') => ({ path, text })
const index = file('libs/a/src/index.ts', "export { one } from './one.ts'")

it('follows imports from the surface of a library', () => {
  expect(
    deadFiles([index, file('libs/a/src/one.ts', "import type { Two } from './two.ts'"), file('libs/a/src/two.ts')]),
  ).toEqual([])
})

it('names a file that nothing leads to', () => {
  expect(deadFiles([index, file('libs/a/src/one.ts'), file('libs/a/src/two.ts')])).toEqual([
    'libs/a/src/two.ts: nothing leads to this file',
  ])
})

it('takes a file that only its test uses for dead', () => {
  const test = file('libs/a/src/two.test.ts', "import { two } from './two.ts'")
  expect(deadFiles([index, file('libs/a/src/one.ts'), file('libs/a/src/two.ts'), test])).toEqual([
    'libs/a/src/two.ts: only tests lead to this file',
  ])
})

it('lets what is named for tests serve tests', () => {
  const test = file('libs/a/src/one.test.ts', "import { two } from './fake-two.ts'")
  expect(deadFiles([index, file('libs/a/src/one.ts'), file('libs/a/src/fake-two.ts'), test])).toEqual([])
})

it('follows a file that is named as a URL, and one that a script runs', () => {
  const main = file('tools/b/src/main.ts', "spawn(new URL('./watchdog.ts', import.meta.url))")
  const manifest = file('libs/a/package.json', '{"scripts": {"generate": "node scripts/generate.ts --all"}}')
  const led = [file('tools/b/src/watchdog.ts'), file('libs/a/scripts/generate.ts')]
  expect(deadFiles([main, manifest, ...led])).toEqual([])
})
