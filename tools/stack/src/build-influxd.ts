import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LaunchContext } from './launch-context.ts'
import { runTool } from './run-tool.ts'
import { StackError } from './stack-error.ts'
import { influxVersion } from './versions.ts'

const moduleFolder = fileURLToPath(new URL('../influxd', import.meta.url))
const minGo = { major: 1, minor: 24 }

/** What keeps this machine from building InfluxDB, or undefined if nothing does. */
export async function missingToBuildInfluxd(context: LaunchContext): Promise<string | undefined> {
  const missing: string[] = []
  const goVersion = await outputOf(context, ['go', 'version'])
  if (!isGoNewEnough(goVersion)) {
    missing.push(`Go ${minGo.major}.${minGo.minor} or later${goVersion === undefined ? '' : ` (found: ${goVersion})`}`)
  }
  if ((await outputOf(context, ['cargo', '--version'])) === undefined) missing.push('cargo (Rust)')
  if ((await outputOf(context, ['cc', '--version'])) === undefined) missing.push('a C compiler (cc)')
  return missing.length === 0 ? undefined : missing.join(', ')
}

/** Whether `go version go1.26.8 linux/amd64` is new enough for tool dependencies in go.mod. */
export function isGoNewEnough(goVersion: string | undefined): boolean {
  const [, major, minor] = /go version go(\d+)\.(\d+)/.exec(goVersion ?? '') ?? []
  return Number(major) > minGo.major || (Number(major) === minGo.major && Number(minor) >= minGo.minor)
}

/**
 * Builds `influxd` into the folder from the Go module in `influxd/`, whose go.sum pins every source. Takes minutes, so it
 * runs at low priority. Go's and cargo's own caches hold what was downloaded and compiled: a build that was stopped goes on.
 */
export async function buildInfluxd(context: LaunchContext, folder: string): Promise<void> {
  const task = context.progress.begin(`building InfluxDB ${influxVersion} (once, 3 to 8 minutes)`)
  let packages = 0
  let modules = 0
  const build = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
    const { exitCode, tail } = await runTool(context, {
      command: 'go',
      args: ['build', '-v', ...args],
      cwd: moduleFolder,
      env,
      inBackground: true,
      onLine: (line) => {
        if (line.startsWith('go: downloading ')) modules += 1
        else packages += 1
        task.update(`${modules} modules downloaded, ${packages} packages compiled`)
      },
    })
    if (exitCode !== 0) throw new StackError('fetch-failed', `go build exited with ${exitCode}; it said last:\n${tail}`)
  }
  try {
    const env: NodeJS.ProcessEnv = { ...context.host.env, GOWORK: 'off', CGO_ENABLED: '1' }
    const tools = join(folder, 'tools')
    await mkdir(tools)
    const pkgConfig = join(tools, 'pkg-config')
    await build(['-o', pkgConfig, 'github.com/influxdata/pkg-config'], env)
    const flags = [
      '-trimpath',
      '-tags',
      'sqlite_foreign_keys,sqlite_json',
      '-ldflags',
      `-s -w -X main.version=${influxVersion}`,
    ]
    const target = ['-o', join(folder, 'influxd'), 'github.com/influxdata/influxdb/v2/cmd/influxd']
    await build([...flags, ...target], {
      ...env,
      ...(await rustSettings(context, tools)),
      // InfluxDB's own pkg-config builds the Rust library that Go links; it has to be found before the system's.
      PATH: `${tools}${delimiter}${env['PATH'] ?? ''}`,
      PKG_CONFIG: pkgConfig,
    })
    await rm(tools, { recursive: true })
    task.done()
  } catch (error) {
    task.fail()
    throw error
  }
}

/** The Rust library names an old toolchain, and denies lints that newer compilers have added. */
async function rustSettings(context: LaunchContext, folder: string): Promise<NodeJS.ProcessEnv> {
  const wrapper = join(folder, 'rustc-without-lints')
  await writeFile(wrapper, '#!/bin/sh\nexec "$@" --cap-lints warn\n')
  await chmod(wrapper, 0o755)
  const active = (await outputOf(context, ['rustup', 'show', 'active-toolchain']))?.split(' ')[0]
  return { RUSTC_WRAPPER: wrapper, ...(active && { RUSTUP_TOOLCHAIN: active }) }
}

async function outputOf(
  context: LaunchContext,
  [command, ...args]: readonly [string, ...string[]],
): Promise<string | undefined> {
  const { exitCode, tail } = await runTool(context, { command, args, cwd: moduleFolder })
  return exitCode === 0 ? tail.trim() : undefined
}
