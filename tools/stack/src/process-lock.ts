import { randomUUID } from 'node:crypto'
import { link, readFile, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { throwIfStopped, type Host, type LaunchContext } from './launch-context.ts'
import { identifyProcess, isRunning, type ProcessIdentity } from './process-table.ts'

export interface ProcessLock {
  release(): Promise<void>
}

export type LockAttempt =
  { readonly ok: true; readonly lock: ProcessLock } | { readonly ok: false; readonly owner: ProcessIdentity }

const pollMs = 250
const turnPollMs = 5

/**
 * Takes a lock file for this process. The file holds its owner's pid and start time, so a lock whose owner is gone,
 * kill -9 included, is taken over, even if the pid belongs to another process by now. Throws what the file system throws.
 */
export async function tryLock(host: Host, path: string): Promise<LockAttempt> {
  const own = JSON.stringify(await identifyProcess(host.pid))
  for (;;) {
    if (await createWhole(path, own)) return { ok: true, lock: { release: () => unlink(path).catch(ignoreMissing) } }
    const seen = await readFile(path, 'utf8').catch(ignoreMissing)
    if (seen === undefined) continue
    const owner = parseOwner(seen)
    if (owner !== undefined && (await isRunning(host, owner))) return { ok: false, owner }
    await removeStale(host, path, seen)
  }
}

/** As `tryLock`, but waits until the owner lets go; `onWait` is called once, with the owner. */
export async function waitForLock(
  { host, signal }: LaunchContext,
  path: string,
  onWait?: (owner: ProcessIdentity) => void,
): Promise<ProcessLock> {
  for (let waited = false; ; waited = true) {
    throwIfStopped(signal)
    const attempt = await tryLock(host, path)
    if (attempt.ok) return attempt.lock
    if (!waited) onWait?.(attempt.owner)
    await delay(pollMs)
  }
}

/** The file appears with its content or not at all; false if it is there already. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, content, { flag: 'wx' })
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await unlink(draft)
  }
}

/**
 * Removes the lock if it still is the one of the owner that is gone: of several processes that find it, a slower one must
 * not remove what a faster one has taken since. So they take turns, by a lock of the same kind: its owner may die as well.
 */
async function removeStale(host: Host, path: string, staleContent: string): Promise<void> {
  const turn = await tryLock(host, `${path}.takeover`)
  if (!turn.ok) {
    await delay(turnPollMs)
    return
  }
  try {
    if ((await readFile(path, 'utf8').catch(ignoreMissing)) === staleContent) await unlink(path)
  } finally {
    await turn.lock.release()
  }
}

function parseOwner(content: string): ProcessIdentity | undefined {
  try {
    const owner = JSON.parse(content) as Partial<ProcessIdentity>
    return typeof owner.pid === 'number' && typeof owner.startTicks === 'string'
      ? (owner as ProcessIdentity)
      : undefined
  } catch {
    return undefined
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
