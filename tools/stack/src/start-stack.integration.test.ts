import { InfluxDB, Point } from '@influxdata/influxdb-client'
import { createServer } from 'node:net'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheFolder } from './artefact-cache.ts'
import { freePorts } from './free-ports.ts'
import { checkPortsFree } from './ports.ts'
import { startStack, type Stack, type StackOptions } from './start-stack.ts'
import { kafkaVersion } from './versions.ts'

let dataDir = ''
let stacks: Stack[] = []
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidemark-stack-'))
  stacks = []
})
afterEach(async () => {
  await Promise.all(stacks.map((stack) => stack.stop()))
  await rm(dataDir, { recursive: true, force: true })
})

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  const stack = await startStack({ host: process, dataDir, ports: await freePorts(), ...options })
  stacks.push(stack)
  return stack
}

async function register(stack: Stack, subject: string): Promise<unknown> {
  const schema = JSON.stringify({ type: 'record', name: subject, fields: [{ name: 'a', type: 'long' }] })
  const response = await fetch(`${stack.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  })
  return response.json()
}

describe('startStack', () => {
  it('starts real servers; a second start on other ports goes on with the data of the first', async () => {
    const first = await start()
    const influx = await first.influx
    if (!influx.available) throw new Error(influx.reason)
    const [idA, idB] = [await register(first, 'a'), await register(first, 'b')]
    const point = new Point('law').tag('symbol', 'A').intField('count', 42).timestamp('1723161420000000000')
    const writer = new InfluxDB(influx).getWriteApi(influx.org, influx.bucket)
    writer.writePoint(point)
    await writer.close()
    await first.stop()
    await checkPortsFree(first.ports)
    expect(await readdir(join(dataDir, 'run'))).toEqual([])

    const second = await start()
    expect(second.ports).not.toEqual(first.ports)
    expect([await register(second, 'b'), await register(second, 'a')]).toEqual([idB, idA])
    const again = await second.influx
    if (!again.available) throw new Error(again.reason)
    const query = `from(bucket: "${again.bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "law")`
    const rows = await new InfluxDB(again).getQueryApi(again.org).collectRows<{ _value: number; _time: string }>(query)
    expect(rows).toMatchObject([{ _value: 42, _time: '2024-08-08T23:57:00Z' }])
  })

  it('leaves an archive of the classes of a server, which the next start loads', async () => {
    const cache = join(dataDir, 'cache')
    const kafka = `kafka-${kafkaVersion}`
    await mkdir(cache)
    await symlink(join(cacheFolder(process.env), kafka), join(cache, kafka))
    const host = { ...process, kill: process.kill.bind(process), env: { ...process.env, TIDEMARK_CACHE: cache } }
    const first = await start({ services: ['kafka'], host })
    await first.stop()
    expect(await readdir(join(cache, 'class-archives'))).toHaveLength(1)
    // With this option a JVM does not start without the archive it is told of.
    await start({ services: ['kafka'], host, kafkaJvmOptions: ['-Xshare:on'] })
  })

  it('keeps a schema and its id over a kill -9 of the registry right after the answer', async () => {
    const first = await start({ services: ['registry'] })
    const id = await register(first, 'a')
    const [pid] = await groupsIn(dataDir)
    process.kill(-pid!, 'SIGKILL')
    const failure = await first.failure
    expect(failure.code).toBe('server-exited')
    await first.stop()

    const second = await start({ services: ['registry'] })
    expect(await register(second, 'b')).not.toEqual(id)
    expect(await register(second, 'a')).toEqual(id)
  })

  it('refuses a data dir that another stack uses, and takes it when that one has stopped', async () => {
    const first = await start({ services: ['influx'] })
    await expect(start({ services: ['influx'] })).rejects.toMatchObject({
      code: 'data-dir-in-use',
      message: expect.stringContaining(`in use by the stack of process ${process.pid}`) as string,
    })
    await first.stop()
    await start({ services: ['influx'] })
  })

  it('refuses a taken port before anything is started, naming port, server, holder and setting', async () => {
    const holder = createServer()
    const ports = await freePorts()
    await new Promise<void>((resolve) => holder.listen(ports.registry, '127.0.0.1', resolve))
    try {
      const error = await start({ ports }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'port-taken' })
      expect(String(error)).toContain(`port ${ports.registry}, wanted for the schema registry, is already in use`)
      if (process.platform === 'linux') expect(String(error)).toContain(`pid ${process.pid}`)
      expect(String(error)).toContain('--registry-port')
      expect(await readdir(join(dataDir, 'logs'))).toEqual([])
    } finally {
      holder.close()
    }
  })

  it('says where a data dir can not be written', async () => {
    const file = join(dataDir, 'file')
    await writeFile(file, '')
    await expect(start({ dataDir: join(file, 'below') })).rejects.toMatchObject({
      code: 'data-dir-not-writable',
      message: expect.stringContaining('--data-dir') as string,
    })
  })

  it('fails with the last lines of the log when a server ends early, and stops the others', async () => {
    const ports = await freePorts()
    const error: unknown = await start({ ports, kafkaJvmOptions: ['-XX:NoSuchOption'] }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'setup-failed', message: expect.stringContaining('NoSuchOption') as string })
    await checkPortsFree(ports)
    expect(await readdir(join(dataDir, 'run'))).toEqual([])

    const log = join(dataDir, 'logs', 'kafka.log')
    await writeFile(join(dataDir, 'kafka', 'data', 'meta.properties'), 'version=9\n')
    const early: unknown = await start({ ports, services: ['kafka'] }).catch((reason: unknown) => reason)
    expect(early).toMatchObject({
      code: 'server-exited',
      message: expect.stringContaining(`its log ${log} ends with:\n`) as string,
    })
  })

  it('gives up a start that is under way, leaving nothing', async () => {
    const giveUp = new AbortController()
    const ports = await freePorts()
    const starting = start({ ports, signal: giveUp.signal })
    const settled = starting.catch((reason: unknown) => reason)
    while ((await groupsIn(dataDir)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    giveUp.abort()
    expect(await settled).toMatchObject({ code: 'stopped' })
    await checkPortsFree(ports)
  })

  it('goes on without InfluxDB, saying what to install, where it can neither be found nor made', async () => {
    const cache = join(dataDir, 'cache')
    await mkdir(cache)
    const env = { PATH: '/nowhere', TIDEMARK_CACHE: cache }
    const host = { env, pid: process.pid, execPath: process.execPath, kill: process.kill.bind(process) }
    const stack = await start({ host, services: ['influx'] })
    const influx = await stack.influx
    expect(influx).toMatchObject({ available: false })
    if (!influx.available) {
      expect(influx.reason).toMatch(
        /Go 1\.24 or later.*cargo.*no docker engine answers.*install Go.*or docker.*INFLUXD_BIN/,
      )
    }
  })
})

/** Process groups of the servers that run on a data dir. */
async function groupsIn(folder: string): Promise<number[]> {
  const { readFile } = await import('node:fs/promises')
  const names = await readdir(join(folder, 'run')).catch(() => [])
  const notes = await Promise.all(names.map((name) => readFile(join(folder, 'run', name), 'utf8').catch(() => '')))
  return notes.filter(Boolean).map((note) => (JSON.parse(note) as { pid: number }).pid)
}
