import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheFolder, ensureArtefact } from './artefact-cache.ts'
import type { LaunchContext } from './launch-context.ts'

describe('cacheFolder', () => {
  it.each([
    [{ TIDEMARK_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' }, '/c'],
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, '/x/tidemark'],
    [{ XDG_CACHE_HOME: '', HOME: '/h' }, '/h/.cache/tidemark'],
  ])('with %j is %s', (env, folder) => {
    expect(cacheFolder(env)).toBe(folder)
  })
})

describe('ensureArtefact', () => {
  let cache = ''
  let context: LaunchContext
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'tidemark-cache-'))
    context = {
      host: { env: { TIDEMARK_CACHE: cache }, pid: 900_000_001, execPath: '', kill: () => true },
      log: () => undefined,
      progress: { begin: () => ({ update() {}, done() {}, fail() {} }) },
      signal: new AbortController().signal,
    }
  })
  afterEach(() => rm(cache, { recursive: true }))

  it('makes an artefact once, and gives the same folder afterwards', async () => {
    let made = 0
    const make = async (folder: string): Promise<void> => writeFile(join(folder, 'a'), String((made += 1)))
    const folder = await ensureArtefact(context, { name: 'x-1', make })
    expect(await ensureArtefact(context, { name: 'x-1', make })).toBe(folder)
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('1')
    expect(await readdir(cache)).toEqual(['x-1'])
  })

  it('shows nothing under the final name while it is being made', async () => {
    const make = async (): Promise<void> => expect(access(join(cache, 'x-1'))).rejects.toThrow()
    await ensureArtefact(context, { name: 'x-1', make })
  })

  it('leaves nothing of an artefact that could not be made, and tries again when asked again', async () => {
    const failing = async (folder: string): Promise<void> => {
      await writeFile(join(folder, 'half'), '')
      throw new Error('no network')
    }
    await expect(ensureArtefact(context, { name: 'x-1', make: failing })).rejects.toThrow('no network')
    expect(await readdir(cache)).toEqual([])
    await ensureArtefact(context, { name: 'x-1', make: async () => undefined })
    expect(await readdir(cache)).toEqual(['x-1'])
  })

  it('removes what a killed process has left half made', async () => {
    await mkdir(join(cache, 'x-1.draft-dead'))
    await ensureArtefact(context, { name: 'x-1', make: async () => undefined })
    expect(await readdir(cache)).toEqual(['x-1'])
  })

  it('lets only one of several make it, while the others wait', async () => {
    let made = 0
    const make = async (folder: string): Promise<void> => writeFile(join(folder, 'a'), String((made += 1)))
    await Promise.all([1, 2, 3].map(() => ensureArtefact(context, { name: 'x-1', make })))
    expect(made).toBe(1)
  })
})
