import { open, readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { DataFolder } from './data-folder.ts'
import { throwIfStopped, type LaunchContext } from './launch-context.ts'
import { StackError } from './stack-error.ts'
import { superviseProcess } from './supervised-process.ts'

export interface ServerOptions {
  /** As in messages: `Kafka`. */
  readonly title: string
  /** As in file names: `kafka`. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** True once the server does its work; asked again and again until then. May reject: not ready. */
  readonly isReady: () => Promise<boolean>
  readonly readyTimeoutMs: number
  /** Called when it has ended as it was asked to, not killed. */
  readonly onStopped?: () => Promise<void>
}

/** A server that is ready. */
export interface Server {
  readonly title: string
  /** Process group of the server and its supervisor. */
  readonly pid: number
  readonly logPath: string
  /** Resolves when the server has ended although nobody stopped it. */
  readonly failed: Promise<StackError>
  /** Resolves when it is gone. */
  stop(): Promise<void>
  /** Ends it as `kill -9` would; resolves when it is gone. */
  kill(): Promise<void>
}

const stopLimitMs = 30_000
const probeIntervalMs = 50
const shownLogLines = 15
const terminatedCode = 128 + constants.signals.SIGTERM

/** Starts a server, its output in the data dir's logs, and resolves when it is ready; a failed start leaves nothing running. */
export async function startServer(context: LaunchContext, folder: DataFolder, options: ServerOptions): Promise<Server> {
  throwIfStopped(context.signal)
  const { title, name, command, args, cwd, env = context.host.env } = options
  const logPath = await folder.newLog(name)
  const log = await open(logPath, 'w')
  const supervised = superviseProcess(context.host, { command, args, env, cwd, output: log.fd, stopLimitMs })
  await log.close()
  await folder.noteServer(name, supervised.pid)

  let stopping: Promise<void> | undefined
  const end = async (way: 'stop' | 'kill'): Promise<void> => {
    const code = await supervised[way]()
    if (way === 'stop' && code === terminatedCode) await options.onStopped?.()
    await folder.forgetServer(name)
  }
  const stop = (): Promise<void> => (stopping ??= end('stop'))
  const kill = (): Promise<void> => (stopping ??= end('kill'))
  let hasExited = false
  const exitError = supervised.exited.then(async (code) => {
    hasExited = true
    return new StackError(
      'server-exited',
      `${title} ended by itself with exit code ${code}; ${await tailOfLog(logPath)}`,
    )
  })
  try {
    await untilReady(context, options, () => hasExited)
    if (hasExited) throw await exitError
  } catch (error) {
    await stop()
    const notReady = error instanceof StackError && error.code === 'server-not-ready'
    throw notReady ? new StackError(error.code, `${error.message}; ${await tailOfLog(logPath)}`) : error
  }
  const failed = new Promise<StackError>((resolve) => {
    void exitError.then((error) => {
      if (stopping === undefined) resolve(error)
    })
  })
  return { title, pid: supervised.pid, logPath, failed, stop, kill }
}

async function untilReady(
  context: LaunchContext,
  { title, isReady, readyTimeoutMs }: ServerOptions,
  hasExited: () => boolean,
): Promise<void> {
  const deadlineMs = Date.now() + readyTimeoutMs
  while (!hasExited()) {
    throwIfStopped(context.signal)
    if (await isReady().catch(() => false)) return
    if (Date.now() > deadlineMs) {
      throw new StackError('server-not-ready', `${title} was not ready after ${Math.round(readyTimeoutMs / 1000)} s`)
    }
    await delay(probeIntervalMs)
  }
}

async function tailOfLog(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8').catch(() => '')).trimEnd().split('\n')
  return `its log ${path} ends with:\n${lines.slice(-shownLogLines).join('\n')}`
}
