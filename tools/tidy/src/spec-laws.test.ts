import { expect, it } from 'vitest'
import { unenforcedLaws } from './spec-laws.ts'

const test = { path: 'libs/a/src/one.test.ts', text: "it('holds: one is one', one)" }
const elsewhere = { path: 'libs/b/src/two.test.ts', text: '' }
const spec = (cell: string) => ({ path: 'libs/a/SPEC.md', text: `| # | law | enforced by |\n| 1 | One. | ${cell} |\n` })

it('finds the tests that a law names, by the beginning of their sentence too', () => {
  const cell = '`one.test.ts`, _holds: one …_; `libs/b/src/two.test.ts`'
  expect(unenforcedLaws([test, elsewhere, spec(cell)])).toEqual([])
})

it('notices a law without a test, with a test that is gone, and with a sentence that was renamed', () => {
  expect(unenforcedLaws([test, spec('later')])).toEqual(['libs/a/SPEC.md: law 1 names no test'])
  expect(unenforcedLaws([test, spec('`two.test.ts`')])).toHaveLength(1)
  expect(unenforcedLaws([test, spec('`one.test.ts`, _holds: two_')])).toHaveLength(1)
})
