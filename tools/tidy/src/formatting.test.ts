import { join } from 'node:path'
import { check, getFileInfo, resolveConfig } from 'prettier'
import { expect, it } from 'vitest'
import { repositoryFiles, repositoryRoot } from './repository.ts'

it('formats every file as prettier does', async () => {
  const ignorePath = join(repositoryRoot, '.prettierignore')
  const unformatted: string[] = []
  for (const { path, text } of repositoryFiles()) {
    const filepath = join(repositoryRoot, path)
    const { ignored, inferredParser } = await getFileInfo(filepath, { ignorePath })
    if (ignored || inferredParser === null) continue
    if (!(await check(text, { ...(await resolveConfig(filepath)), filepath }))) unformatted.push(path)
  }
  expect(unformatted, 'run `npm run format`').toEqual([])
}, 120_000)
