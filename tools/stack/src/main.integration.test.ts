import { execa } from 'execa'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from './free-ports.ts'
import { checkPortsFree, portNames, portSettings, type StackPorts } from './ports.ts'
import { isGroupRunning } from './process-table.ts'

const mainPath = fileURLToPath(new URL('./main.ts', import.meta.url))
const goneLimit = { timeout: 60_000, interval: 100 }

let dataDir = ''
let ports: StackPorts
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidemark-cli-'))
  ports = await freePorts()
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

/** The command line in a process group of its own, as a terminal gives it one. */
function up(...more: readonly string[]) {
  const portOptions = portNames.flatMap((name) => [portSettings[name].option, String(ports[name])])
  const args = ['--conditions=@tidemark/source', mainPath, 'up', '--data-dir', dataDir, ...portOptions, ...more]
  return execa(process.execPath, args, { all: true, reject: false, detached: true, cleanup: true })
}

/** Resolves once the command line has printed this. */
async function untilPrinted(cli: ReturnType<typeof up>, text: string): Promise<void> {
  let printed = ''
  await new Promise<void>((resolve, reject) => {
    cli.all.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      if (printed.includes(text)) resolve()
    })
    cli.all.once('end', () => reject(new Error(`"${text}" was never printed, but:\n${printed}`)))
  })
}

/** The last line of a start, before InfluxDB may have joined. */
const untilUp = (cli: ReturnType<typeof up>): Promise<void> => untilPrinted(cli, 'export INFLUX_BUCKET=')

async function serverGroups(): Promise<number[]> {
  const run = join(dataDir, 'run')
  const notes = await Promise.all((await readdir(run)).map((name) => readFile(join(run, name), 'utf8')))
  return notes.map((note) => (JSON.parse(note) as { pid: number }).pid)
}

async function expectNothingLeft(groups: readonly number[]): Promise<void> {
  await expect
    .poll(async () => Promise.all(groups.map((group) => isGroupRunning(process, group))), goneLimit)
    .not.toContain(true)
  await checkPortsFree(ports)
}

describe('stack up', () => {
  it('prints the environment for the apps, and leaves nothing after Ctrl-C', async () => {
    const cli = up()
    await untilUp(cli)
    const groups = await serverGroups()
    expect(groups).toHaveLength(3)
    process.kill(-cli.pid!, 'SIGINT')
    const { exitCode, all } = await cli
    expect(exitCode).toBe(0)
    expect(all).toContain(`export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:${ports.kafka}\n`)
    expect(all).toContain(`export SCHEMA_REGISTRY_URL=http://127.0.0.1:${ports.registry}/apis/ccompat/v7\n`)
    for (const group of groups) expect(await isGroupRunning(process, group)).toBe(false)
    await expectNothingLeft(groups)
  })

  it('leaves nothing after a kill -9, and the data dir can be used at once', async () => {
    const killed = up()
    await untilUp(killed)
    const groups = await serverGroups()
    process.kill(killed.pid!, 'SIGKILL')
    await killed

    const next = up()
    await untilUp(next)
    for (const group of groups) expect(await isGroupRunning(process, group)).toBe(false)
    const nextGroups = await serverGroups()
    process.kill(next.pid!, 'SIGKILL')
    await next
    await expectNothingLeft(nextGroups)
  })

  it('ends with an error when a server ends by itself', async () => {
    const cli = up('--service', 'influx')
    await untilPrinted(cli, 'InfluxDB is ready')
    const [group] = await serverGroups()
    process.kill(-group!, 'SIGKILL')
    const { exitCode, all } = await cli
    expect(exitCode).toBe(1)
    expect(all).toContain('InfluxDB ended by itself')
  })

  it('says what is wrong in one message, without a stack trace', async () => {
    const { exitCode, all } = await up('--port-base', '70000')
    expect(exitCode).toBe(1)
    expect(all).toContain('port from 1 to 65535')
    expect(all).not.toContain('    at ')
  })
})
