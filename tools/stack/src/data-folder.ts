import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Host } from './launch-context.ts'
import { tryLock } from './process-lock.ts'
import { identifyProcess, isGroupRunning, isRunning, type ProcessIdentity } from './process-table.ts'
import { StackError } from './stack-error.ts'

/** A data dir that is held by this process. */
export interface DataFolder {
  readonly path: string
  /** The file a server logs to; the log of the run before is kept beside it. */
  newLog(server: string): Promise<string>
  /** Notes the process of a server, so that a later start on this dir waits for it to be gone. */
  noteServer(server: string, pid: number): Promise<void>
  forgetServer(server: string): Promise<void>
  release(): Promise<void>
}

const predecessorLimitMs = 60_000
const pollMs = 100

/**
 * Takes a data dir for one stack. Waits for the servers of a run that has just been killed; a `StackError` tells when the
 * dir is in use by a stack that runs, is not writable, or has a server on it that does not end.
 */
export async function openDataFolder(host: Host, folder: string): Promise<DataFolder> {
  const path = resolve(folder)
  const [logs, run] = [join(path, 'logs'), join(path, 'run')]
  const lock = await lockFolder(host, path)
  try {
    await mkdir(logs, { recursive: true })
    await mkdir(run, { recursive: true })
    await awaitPredecessors(host, run)
  } catch (error) {
    await lock.release()
    throw error
  }
  return {
    path,
    async newLog(server) {
      const log = join(logs, `${server}.log`)
      await rename(log, `${log}.1`).catch(() => undefined)
      return log
    },
    noteServer: async (server, pid) => writeFile(join(run, server), JSON.stringify(await identifyProcess(pid))),
    forgetServer: (server) => rm(join(run, server), { force: true }),
    release: () => lock.release(),
  }
}

async function lockFolder(host: Host, path: string): Promise<{ release(): Promise<void> }> {
  try {
    await mkdir(path, { recursive: true })
    const attempt = await tryLock(host, join(path, 'stack.lock'))
    if (attempt.ok) return attempt.lock
    throw new StackError(
      'data-dir-in-use',
      `data dir ${path} is in use by the stack of process ${attempt.owner.pid}: stop that one, or choose another with --data-dir DIR`,
    )
  } catch (error) {
    if (error instanceof StackError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new StackError(
      'data-dir-not-writable',
      `data dir ${path} can't be written (${reason}): choose another with --data-dir DIR`,
      { cause: error },
    )
  }
}

async function awaitPredecessors(host: Host, run: string): Promise<void> {
  for (const server of await readdir(run)) {
    const process = JSON.parse(await readFile(join(run, server), 'utf8')) as ProcessIdentity
    for (let waitedMs = 0; await outlives(host, process); waitedMs += pollMs) {
      if (waitedMs >= predecessorLimitMs) {
        throw new StackError(
          'data-dir-in-use',
          `${server} of an earlier run still runs on this data dir (process group ${process.pid}): end it with kill -- -${process.pid}`,
        )
      }
      await delay(pollMs)
    }
    await rm(join(run, server), { force: true })
  }
}

/** The supervisor leads the group; a server can outlive it only if the supervisor itself was killed. */
async function outlives(host: Host, supervisor: ProcessIdentity): Promise<boolean> {
  if (await isRunning(host, supervisor)) return true
  const reused = (await identifyProcess(supervisor.pid)).startTicks
  return (reused === '' || reused === supervisor.startTicks) && (await isGroupRunning(host, supervisor.pid))
}
