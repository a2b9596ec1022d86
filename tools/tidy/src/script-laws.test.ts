import { expect, it } from 'vitest'
import { unknownScripts } from './script-laws.ts'

const scripts = new Set(['bench'])

it('takes scripts that are there', () => {
  const text = 'see `npm run bench -- engine` and `npm test`'
  expect(unknownScripts([{ path: 'README.md', text }], scripts)).toEqual([])
})

it('names a script that is not there, and the document', () => {
  const files = [
    { path: 'docs/a.md', text: 'run `npm run pictures`.' },
    { path: 'a.ts', text: '// npm run nothing' },
  ]
  expect(unknownScripts(files, scripts)).toEqual(['docs/a.md: npm run pictures: there is no such script'])
})
