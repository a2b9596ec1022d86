import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { classArchive } from './class-archive.ts'
import type { DataFolder } from './data-folder.ts'
import type { Java } from './java.ts'
import type { LaunchContext } from './launch-context.ts'
import { startServer, type Server } from './server.ts'
import type { RegistryRelease } from './versions.ts'

export interface RegistryOptions {
  readonly java: Java
  readonly release: RegistryRelease
  /** Folder with the unpacked release. */
  readonly program: string
  readonly port: number
  readonly managementPort: number
  readonly heapMb: number
  readonly readyTimeoutMs: number
}

const probeLimitMs = 5_000

/** The Confluent-compatible API, whole, as clients take it. */
export function registryUrl(port: number): string {
  return `http://127.0.0.1:${port}/apis/ccompat/v7`
}

/** Starts the schema registry; schemas and ids are kept in the data dir, on disk before a registration is answered. */
export async function startRegistry(
  context: LaunchContext,
  folder: DataFolder,
  options: RegistryOptions,
): Promise<Server> {
  const { java, release, program, port, managementPort, heapMb, readyTimeoutMs } = options
  const home = join(folder.path, 'registry')
  await mkdir(home, { recursive: true })
  const draft = join(home, 'classes.jsa')
  const classes = await classArchive({ host: context.host, java, name: 'registry', program, draft })
  return startServer(context, folder, {
    title: 'the schema registry',
    name: 'registry',
    command: java.path,
    cwd: home,
    args: [
      `-Xmx${heapMb}m`,
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      ...classes.read,
      ...classes.write,
      ...release.systemProperties,
      // Without WRITE_DELAY=0 the database writes half a second behind, and a kill would give an id away twice.
      `-Dapicurio.datasource.url=jdbc:h2:file:${join(home, 'registry')};WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE`,
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.management.host=127.0.0.1',
      `-Dquarkus.management.port=${managementPort}`,
      '-Dquarkus.http.access-log.enabled=false',
      '-jar',
      join(program, release.jar),
    ],
    isReady: async () => {
      const response = await fetch(`${registryUrl(port)}/subjects`, { signal: AbortSignal.timeout(probeLimitMs) })
      await response.body?.cancel()
      return response.ok
    },
    readyTimeoutMs,
    onStopped: classes.keep,
  })
}
