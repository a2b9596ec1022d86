import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { classArchive, type ClassArchiveOptions } from './class-archive.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-classes-'))
  await mkdir(join(folder, 'program'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function options(build = 'build 21'): ClassArchiveOptions {
  return {
    host: { env: { TIDEMARK_CACHE: join(folder, 'cache') }, pid: 7, execPath: '', kill: () => true },
    java: { path: '/jvm/bin/java', major: 21, build, origin: 'PATH' },
    name: 'server',
    program: join(folder, 'program'),
    draft: join(folder, 'draft.jsa'),
  }
}

/** A server that has written its classes as it ended. */
async function recorded(build?: string): Promise<void> {
  const { write, keep } = await classArchive(options(build))
  expect(write).toContain(`-XX:ArchiveClassesAtExit=${join(folder, 'draft.jsa')}`)
  await writeFile(join(folder, 'draft.jsa'), 'classes')
  await keep()
}

describe('the archive of a server’s classes', () => {
  test('is written by the first that ends, and read by those after it', async () => {
    await recorded()
    const { read, write } = await classArchive(options())
    const archive = read.find((flag) => flag.startsWith('-XX:SharedArchiveFile='))!.split('=')[1]!
    expect((await stat(archive)).size).toBe('classes'.length)
    expect(write).toEqual([])
    expect(await readdir(join(folder, 'cache/class-archives'))).toHaveLength(1)
    expect(await readdir(folder)).not.toContain('draft.jsa')
  })

  test('is another one for another build of Java, and for other jars', async () => {
    await recorded()
    await recorded('build 25')
    await utimes(join(folder, 'program'), 1, 1)
    await recorded()
    expect(await readdir(join(folder, 'cache/class-archives'))).toHaveLength(3)
  })

  test('is not made of what a killed server has left', async () => {
    await writeFile(join(folder, 'draft.jsa'), 'half')
    const { keep } = await classArchive(options())
    await keep()
    expect((await classArchive(options())).read).toEqual([])
  })

  test('is done without where the cache can’t be written', async () => {
    await writeFile(join(folder, 'cache'), 'a file, not a folder')
    await recorded()
    expect((await classArchive(options())).read).toEqual([])
    expect(await readdir(folder)).not.toContain('draft.jsa')
  })
})
