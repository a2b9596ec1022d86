import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { LaunchContext } from './launch-context.ts'
import { waitForLock } from './process-lock.ts'

/** Where fetched and built servers are kept: `TIDEMARK_CACHE`, else the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env['TIDEMARK_CACHE']) return env['TIDEMARK_CACHE']
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'tidemark')
}

export interface Artefact {
  /** Folder in the cache; holds the version, so that a new version is a new artefact: `kafka-4.1.1`. */
  readonly name: string
  /** Fills a new, empty folder; it is thrown away if this rejects. */
  readonly make: (folder: string) => Promise<void>
}

/** The artefact's folder, if it is there already. */
export async function cachedArtefact(host: LaunchContext['host'], name: string): Promise<string | undefined> {
  const folder = join(cacheFolder(host.env), name)
  return access(folder).then(
    () => folder,
    () => undefined,
  )
}

/**
 * The artefact's folder, made now if it is missing. It appears whole or not at all; of several processes that want it
 * at once, one makes it and the others wait.
 */
export async function ensureArtefact(context: LaunchContext, { name, make }: Artefact): Promise<string> {
  const ready = await cachedArtefact(context.host, name)
  if (ready !== undefined) return ready
  const cache = cacheFolder(context.host.env)
  await mkdir(cache, { recursive: true })
  const lock = await waitForLock(context, join(cache, `${name}.lock`), ({ pid }) =>
    context.log(`waiting for process ${pid}, which is fetching ${name}`),
  )
  try {
    return (await cachedArtefact(context.host, name)) ?? (await makeWhole(cache, { name, make }))
  } finally {
    await lock.release()
  }
}

/** Called under the artefact's lock: drafts lying around are of processes that were killed. */
async function makeWhole(cache: string, { name, make }: Artefact): Promise<string> {
  const draftPrefix = `${name}.draft-`
  for (const entry of await readdir(cache)) {
    if (entry.startsWith(draftPrefix)) await rm(join(cache, entry), { recursive: true, force: true })
  }
  const draft = await mkdtemp(join(cache, draftPrefix))
  try {
    await make(draft)
    const folder = join(cache, name)
    await rename(draft, folder)
    return folder
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
}
