import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { examplesOf, typeErrorsOf, writeExamples } from './readme-examples.ts'
import { repositoryFiles, repositoryRoot } from './repository.ts'

const run = promisify(execFile)
const runMs = 60_000

const examples = repositoryFiles()
  .filter(({ path }) => /^(README\.md|(libs|apps|tools)\/[^/]+\/README\.md)$/.test(path))
  .flatMap(examplesOf)
const paths = writeExamples(examples)
const errors = typeErrorsOf([...paths.values()])

describe('an example in a README', () => {
  it.each(examples)('has the right types: $readme line $line', (example) => {
    expect(errors.get(paths.get(example) ?? '')).toEqual([])
  })

  it.each(examples.filter(({ runs }) => runs))(
    'runs: $readme line $line',
    async (example) => {
      const path = paths.get(example) ?? ''
      await run(process.execPath, ['--conditions=@tidemark/source', path], { cwd: repositoryRoot, timeout: runMs })
    },
    runMs,
  )

  it('is found with its line, and with the mark that it needs a server', () => {
    const text = 'words\n\n```ts\nfirst()\n```\n\n```ts no-run\nsecond()\n```\n\n```sh\nthird\n```\n'
    expect(examplesOf({ path: 'libs/a/README.md', text })).toEqual([
      { readme: 'libs/a/README.md', line: 4, runs: true, code: 'first()\n' },
      { readme: 'libs/a/README.md', line: 8, runs: false, code: 'second()\n' },
    ])
  })
})
