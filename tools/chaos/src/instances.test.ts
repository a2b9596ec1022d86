import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Instances, type InstancesOptions } from './instances.ts'

const running = async (program: string, given: Pick<InstancesOptions, 'endLimitMs'> = {}) => {
  const logDir = await mkdtemp(join(tmpdir(), 'tidemark-instances-'))
  onTestFinished(() => rm(logDir, { recursive: true, force: true }))
  const path = join(logDir, 'program.mjs')
  await writeFile(path, program)
  const instances = new Instances({ host: process, command: [path], logDir, ...given })
  onTestFinished(() => instances.endAll())
  instances.start(0)
  return { instances, said: () => readFile(join(logDir, 'instance-0.log'), 'utf8') }
}

test.each([
  ['fails', 'process.exit(3)', 'exit code 3'],
  ['ends without being told to', '', 'exit code 0'],
  ['is ended by somebody else', "process.kill(process.pid, 'SIGKILL')", 'SIGKILL'],
])('an instance that %s has died', async (_, program, how) => {
  const { instances } = await running(program)
  await vi.waitFor(() => expect(instances.running).toEqual([]), { timeout: 10_000 })
  expect(instances.died).toEqual([`instance 0: ${how}`])
})

test.each(['crash', 'clean'] as const)('one that is ended by %s has not', async (how) => {
  const { instances } = await running("process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1_000)")
  await instances.end(0, how)
  expect([instances.running, instances.died]).toEqual([[], []])
})

test('one that does not end by SIGTERM is killed after a while, and has died', async () => {
  const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1_000); console.log('deaf')"
  const { instances, said } = await running(deaf, { endLimitMs: 50 })
  await vi.waitFor(async () => expect(await said()).toContain('deaf'), { timeout: 10_000 })
  await instances.end(0, 'clean')
  expect(instances.running).toEqual([])
  expect(instances.died).toEqual(['instance 0: SIGKILL'])
})
