import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findInfluxd } from './find-influxd.ts'
import type { LaunchContext } from './launch-context.ts'
import { influxVersion } from './versions.ts'

describe('findInfluxd', () => {
  let root = ''
  let bin = ''
  let cache = ''
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tidemark-influxd-'))
    bin = join(root, 'bin')
    cache = join(root, 'cache')
    await mkdir(bin)
  })
  afterEach(() => rm(root, { recursive: true }))

  const contextWith = (env: NodeJS.ProcessEnv): LaunchContext => ({
    host: {
      env: { PATH: bin, TIDEMARK_CACHE: cache, ...env },
      pid: process.pid,
      execPath: process.execPath,
      kill: () => true,
    },
    log: () => undefined,
    progress: { begin: () => ({ update() {}, done() {}, fail() {} }) },
    signal: new AbortController().signal,
  })
  const program = async (path: string, script: string): Promise<string> => {
    await writeFile(path, `#!/bin/sh\n${script}\n`)
    await chmod(path, 0o755)
    return path
  }
  const influxdScript = (version: string): string => `echo "InfluxDB ${version} (git: none)"`

  it('takes the program that INFLUXD_BIN names', async () => {
    const path = await program(join(root, 'mine'), influxdScript('2.7.5'))
    expect(await findInfluxd(contextWith({ INFLUXD_BIN: path }))).toEqual({ ok: true, path })
  })

  it('says so when INFLUXD_BIN names something else, instead of building one', async () => {
    const path = await program(join(root, 'mine'), influxdScript('v1.8.10'))
    expect(await findInfluxd(contextWith({ INFLUXD_BIN: path }))).toEqual({
      ok: false,
      issue: `INFLUXD_BIN names ${path}, which is InfluxDB 1.8.10: InfluxDB 2 is needed`,
    })
  })

  it('takes an InfluxDB 2 on PATH, before the cache', async () => {
    const path = await program(join(bin, 'influxd'), influxdScript('2.6.1'))
    await mkdir(join(cache, `influxd-${influxVersion}`), { recursive: true })
    expect(await findInfluxd(contextWith({}))).toEqual({ ok: true, path })
  })

  it('passes over an InfluxDB 1 on PATH', async () => {
    await program(join(bin, 'influxd'), influxdScript('v1.8.10'))
    await mkdir(join(cache, `influxd-${influxVersion}`), { recursive: true })
    expect(await findInfluxd(contextWith({}))).toEqual({
      ok: true,
      path: join(cache, `influxd-${influxVersion}`, 'influxd'),
    })
  })

  it('copies the program out of the image where only a docker engine is there, and removes the container', async () => {
    const inImage = await program(join(root, 'in-image'), influxdScript(`v${influxVersion}`))
    const calls = join(root, 'calls')
    await program(
      join(bin, 'docker'),
      `echo "$*" >> ${calls}; case "$1" in create) echo c0ffee;; cp) /bin/cp ${inImage} "$4";; esac`,
    )
    const path = join(cache, `influxd-${influxVersion}`, 'influxd')
    expect(await findInfluxd(contextWith({}))).toEqual({ ok: true, path })
    expect(await readFile(calls, 'utf8')).toMatch(
      /pull --quiet influxdb:.*\ncreate influxdb:.*\ncp --follow-link c0ffee:.*\nrm c0ffee\n$/,
    )
  })

  it('keeps nothing of a program that does not run here', async () => {
    await program(join(bin, 'docker'), `case "$1" in create) echo c0ffee;; cp) echo garbage > "$4";; esac`)
    expect(await findInfluxd(contextWith({}))).toMatchObject({
      ok: false,
      issue: expect.stringContaining('does not run here') as string,
    })
    expect(await readdir(cache)).toEqual([])
  })
})
