import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Host } from './launch-context.ts'
import { isGroupRunning } from './process-table.ts'

export interface SupervisedOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string | undefined
  /** Where output goes: a file descriptor, or each line to a function. */
  readonly output: number | ((line: string) => void)
  /** How long the program may take to end after SIGTERM. */
  readonly stopLimitMs: number
  /** Gives way to everything else on the machine: for builds beside running servers. */
  readonly inBackground?: boolean
}

export interface SupervisedProcess {
  /** The supervisor's process, and the process group of the program and all it starts. */
  readonly pid: number
  /** The program's exit code; 128 + signal if it was killed. Never rejects. */
  readonly exited: Promise<number>
  /** Ends the program: SIGTERM, SIGKILL after the limit. Resolves when it is gone; may be called again. */
  stop(): Promise<number>
  /** Ends the program, its supervisor and all it started at once, with SIGKILL. Resolves when none is left; may be called again. */
  kill(): Promise<number>
}

const supervisorPath = fileURLToPath(new URL('./bin/supervisor.ts', import.meta.url))
const backgroundPriority = 10
const killPollMs = 10

/** Starts a program that ends with this process, however this process ends (see `bin/supervisor.ts`). */
export function superviseProcess(host: Host, options: SupervisedOptions): SupervisedProcess {
  const { execPath } = host
  const { output } = options
  const sink = typeof output === 'number' ? output : 'pipe'
  const child = spawn(execPath, [supervisorPath, String(options.stopLimitMs), options.command, ...options.args], {
    detached: true,
    env: options.env,
    cwd: options.cwd,
    stdio: ['pipe', sink, sink],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${execPath} could not be started to run ${options.command}`)
  child.stdin?.on('error', () => undefined)
  if (typeof output === 'function') {
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', output)
  }
  if (options.inBackground === true) setPriority(pid, backgroundPriority)
  const exited = new Promise<number>((resolve) => {
    const settle = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    child.once(typeof output === 'function' ? 'close' : 'exit', settle)
  })
  return {
    pid,
    exited,
    stop() {
      child.stdin?.end()
      return exited
    },
    async kill() {
      // The supervisor may be gone a moment before what it supervised, which still holds ports and files then.
      while (await isGroupRunning(host, pid)) {
        killGroup(host, pid)
        await delay(killPollMs)
      }
      return exited
    },
  }
}

function killGroup(host: Host, group: number): void {
  try {
    host.kill(-group, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
