import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AppProcess } from './app-process.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-app-'))
})
afterAll(() => rm(dir, { recursive: true }))

const start = (program: string): AppProcess =>
  new AppProcess({
    name: 'an-app',
    args: ['--eval', program],
    env: {},
    cwd: dir,
    logFile: join(dir, 'an-app.log'),
    host: process,
    log: () => undefined,
    nowMs: () => 0,
    wait: async () => undefined,
  })

it('says at once what an app says that refuses its settings, and does not start it again', async () => {
  const app = start(`console.log('{"msg":"starting"}'); console.error('a setting is wrong:\\n  X'); process.exit(78)`)
  await expect(app.ended).rejects.toThrow(/^an-app can't start \(.*an-app\.log\):\na setting is wrong:\n {2}X$/)
  expect(app.restarts).toBe(0)
})

it('starts an app again that ends, and gives it up where it ends too often', async () => {
  const app = start(`console.error('bad luck'); process.exit(1)`)
  await expect(app.ended).rejects.toThrow(/^an-app ended 6 times within a minute, last with 1 \(.*\):\nbad luck\n/)
  expect(app.restarts).toBe(5)
})
