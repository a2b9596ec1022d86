import { expect, it } from 'vitest'
import { importCircles } from './import-circles.ts'

const file = (path: string, ...imports: readonly string[]) => ({ path, text: imports.join('\n') })

it('names a circle of imports once, from its first file', () => {
  expect(
    importCircles([
      file('libs/a/src/three.ts', "export { one } from './one.ts'"),
      file('libs/a/src/one.ts', "import { two } from './deep/two.ts'"),
      file('libs/a/src/deep/two.ts', "import { three } from '../three.ts'"),
      file('libs/a/src/index.ts', "export { one } from './one.ts'", "export { three } from './three.ts'"),
    ]),
  ).toEqual(['libs/a/src/deep/two.ts -> libs/a/src/three.ts -> libs/a/src/one.ts -> libs/a/src/deep/two.ts'])
})

it('counts the import of a type', () => {
  const one = file('libs/a/src/one.ts', "import { two } from './two.ts'")
  const two = file('libs/a/src/two.ts', "import type { One } from './one.ts'")
  expect(importCircles([one, two])).toEqual(['libs/a/src/one.ts -> libs/a/src/two.ts -> libs/a/src/one.ts'])
})

it('lets two ways lead to one file', () => {
  expect(
    importCircles([
      file('libs/a/src/index.ts', "import './one.ts'", "import './two.ts'"),
      file('libs/a/src/one.ts', "import './two.ts'"),
      file('libs/a/src/two.ts', "import '../package.json'"),
    ]),
  ).toEqual([])
})
