import { createHash } from 'node:crypto'
import { access, copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from './artefact-cache.ts'
import type { Java } from './java.ts'
import type { Host } from './launch-context.ts'

export interface ClassArchiveOptions {
  readonly host: Host
  readonly java: Java
  /** As in file names: `kafka`. */
  readonly name: string
  /** Folder with the program's jars. */
  readonly program: string
  /** Where the JVM may write, until it has ended. */
  readonly draft: string
}

/** How a JVM loads its classes. */
export interface ClassArchive {
  /** Arguments of any `java` that runs classes of the program. */
  readonly read: readonly string[]
  /** Arguments, beside those, of the one whose classes are to be archived: the server. */
  readonly write: readonly string[]
  /** To be called when the server has ended: keeps what it wrote. */
  keep(): Promise<void>
}

/** The JVM says of hundreds of classes that they can't be archived; without an archive it starts all the same. */
const quiet = '-Xlog:cds*=error'

/**
 * Class data sharing: loading and checking classes is half of the processor time that a server's start takes. The first JVM that ends
 * as it was asked to leaves an archive of what it has loaded, in the cache; those after it start from there. An archive belongs to one
 * build of Java and one set of jars.
 */
export async function classArchive(options: ClassArchiveOptions): Promise<ClassArchive> {
  const { host, java, name, program, draft } = options
  const { mtimeMs } = await stat(program)
  const key = createHash('sha256').update(`${java.build}\n${program}\n${mtimeMs}`).digest('hex').slice(0, 16)
  const folder = join(cacheFolder(host.env), 'class-archives')
  const archive = join(folder, `${name}-${key}.jsa`)
  if (await exists(archive)) {
    return { read: [quiet, `-XX:SharedArchiveFile=${archive}`], write: [], keep: () => Promise.resolve() }
  }
  await rm(draft, { force: true })
  return {
    read: [],
    write: [quiet, `-XX:ArchiveClassesAtExit=${draft}`],
    // A server that was killed has written none, and a cache may be read-only: the next start is as slow as this one, no more.
    keep: async () => {
      if (!(await exists(draft))) return
      const part = `${archive}.${host.pid}`
      try {
        await mkdir(folder, { recursive: true })
        await copyFile(draft, part)
        await rename(part, archive)
      } catch {
        await rm(part, { force: true }).catch(() => undefined)
      } finally {
        await rm(draft, { force: true })
      }
    },
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
