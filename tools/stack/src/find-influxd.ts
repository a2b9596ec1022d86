import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { cachedArtefact, ensureArtefact } from './artefact-cache.ts'
import { buildInfluxd, missingToBuildInfluxd } from './build-influxd.ts'
import { throwIfStopped, type LaunchContext } from './launch-context.ts'
import { runTool } from './run-tool.ts'
import { StackError } from './stack-error.ts'
import { influxVersion } from './versions.ts'

export type InfluxdFound = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly issue: string }

const artefactName = `influxd-${influxVersion}`
const image = `influxdb:${influxVersion}`

/**
 * The `influxd` program: `INFLUXD_BIN`, else PATH, else the cache, else built from source, else taken out of the official
 * image where a docker engine answers. Where none of these is possible the issue says what to install.
 */
export async function findInfluxd(context: LaunchContext): Promise<InfluxdFound> {
  const { env } = context.host
  if (env['INFLUXD_BIN']) return checkNamed(context, env['INFLUXD_BIN'])
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, 'influxd')
    if ((await isProgram(path)) && (await versionOf(context, path))?.startsWith('2.')) return { ok: true, path }
  }
  const cached = await cachedArtefact(context.host, artefactName)
  if (cached !== undefined) return { ok: true, path: join(cached, 'influxd') }
  return makeInfluxd(context)
}

async function checkNamed(context: LaunchContext, path: string): Promise<InfluxdFound> {
  const version = (await isProgram(path)) ? await versionOf(context, path) : undefined
  if (version?.startsWith('2.')) return { ok: true, path }
  const found = version === undefined ? 'is not a program that answers `version`' : `is InfluxDB ${version}`
  return { ok: false, issue: `INFLUXD_BIN names ${path}, which ${found}: InfluxDB 2 is needed` }
}

async function makeInfluxd(context: LaunchContext): Promise<InfluxdFound> {
  const missing = await missingToBuildInfluxd(context)
  const issues: string[] = []
  const ways = [
    {
      blocked: missing && `to build it, ${missing} is missing`,
      make: (folder: string) => buildInfluxd(context, folder),
    },
    { blocked: await missingToUseImage(context), make: (folder: string) => takeFromImage(context, folder) },
  ]
  for (const { blocked, make } of ways) {
    if (blocked) {
      issues.push(blocked)
      continue
    }
    try {
      const folder = await ensureArtefact(context, {
        name: artefactName,
        make: (draft) => makeChecked(context, { draft, make }),
      })
      return { ok: true, path: join(folder, 'influxd') }
    } catch (error) {
      throwIfStopped(context.signal)
      issues.push(error instanceof Error ? error.message : String(error))
    }
  }
  const advice = `install Go 1.24 or later with cargo and a C compiler, or docker, or InfluxDB 2 itself (on PATH, or named by INFLUXD_BIN)`
  return { ok: false, issue: `no influxd was found or made (${issues.join('; ')}): ${advice}` }
}

async function makeChecked(
  context: LaunchContext,
  { draft, make }: { draft: string; make: (folder: string) => Promise<void> },
): Promise<void> {
  await make(draft)
  const version = await versionOf(context, join(draft, 'influxd'))
  if (version !== influxVersion) {
    throw new StackError(
      'fetch-failed',
      `the influxd that was made does not run here: it says version ${version ?? 'nothing'}`,
    )
  }
}

async function missingToUseImage(context: LaunchContext): Promise<string | undefined> {
  const { exitCode } = await runTool(context, {
    command: 'docker',
    args: ['version', '--format', '{{.Server.Version}}'],
  })
  return exitCode === 0 ? undefined : 'no docker engine answers'
}

/** The program is copied out of the image and runs as all other servers do, so nothing is left behind in the engine. */
async function takeFromImage(context: LaunchContext, folder: string): Promise<void> {
  const task = context.progress.begin(`taking InfluxDB ${influxVersion} from its docker image`)
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, tail } = await runTool(context, { command: 'docker', args })
    if (exitCode !== 0)
      throw new StackError('fetch-failed', `docker ${args[0]} exited with ${exitCode}; it said last:\n${tail}`)
    return tail
  }
  try {
    await docker('pull', '--quiet', image)
    const container = (await docker('create', image)).trim().split('\n').at(-1) ?? ''
    try {
      await docker('cp', '--follow-link', `${container}:/usr/bin/influxd`, join(folder, 'influxd'))
    } finally {
      await docker('rm', container)
    }
    task.done()
  } catch (error) {
    task.fail()
    throw error
  }
}

/** `InfluxDB 2.7.12 (git: …)` or `InfluxDB v2.7.12 …` -> `2.7.12`. */
export function parseInfluxVersion(output: string): string | undefined {
  return /InfluxDB v?(\d+\.\d+\.\d+)/.exec(output)?.[1]
}

async function versionOf(context: LaunchContext, path: string): Promise<string | undefined> {
  const { exitCode, tail } = await runTool(context, { command: path, args: ['version'] })
  return exitCode === 0 ? parseInfluxVersion(tail) : undefined
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
