import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Host } from '@tidemark/stack'

export interface InstancesOptions {
  readonly host: Host
  /** The program, and what it is started with. */
  readonly command: readonly [program: string, ...args: string[]]
  /** What it gets beside this process's own environment. */
  readonly env?: NodeJS.ProcessEnv
  /** Output of each instance goes here. */
  readonly logDir: string
  /** How long one that is told to end by SIGTERM may take; a minute if left out. */
  readonly endLimitMs?: number
}

const END_LIMIT_MS = 60_000

/** The instances of the application under test. */
export class Instances {
  readonly #options: InstancesOptions
  readonly #running: (ChildProcess | undefined)[] = []
  /** Those that were told to end, and how. */
  readonly #told = new Map<ChildProcess, 'crash' | 'clean'>()
  readonly #died: string[] = []

  constructor(options: InstancesOptions) {
    this.#options = options
    mkdirSync(options.logDir, { recursive: true })
  }

  /** Indexes of those that run. */
  get running(): number[] {
    return this.#running.flatMap((child, index) => (child === undefined ? [] : [index]))
  }

  /** How instances ended that were not told to, or not as they were told to. None should: what is in their way is for them to outlast. */
  get died(): readonly string[] {
    return this.#died
  }

  start(index: number): void {
    const { host, command, env, logDir } = this.#options
    const log = createWriteStream(join(logDir, `instance-${index}.log`), { flags: 'a' })
    const child = spawn(host.execPath, ['--conditions=@tidemark/source', ...command], {
      env: { ...host.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    child.once('close', () => log.end())
    this.#running[index] = child
    child.once('exit', (code, exitSignal) => {
      const told = this.#told.get(child)
      // One that is told before it listens ends by the signal itself.
      const endedWell = code === 0 || exitSignal === 'SIGTERM'
      const isAsTold = told === 'crash' ? exitSignal === 'SIGKILL' : told === 'clean' && endedWell
      if (!isAsTold) this.#died.push(`instance ${index}: ${exitSignal ?? `exit code ${code}`}`)
      if (this.#running[index] === child) this.#running[index] = undefined
    })
  }

  /** Ends an instance: by kill -9, or by SIGTERM and waiting for its last commit. One that goes on beyond the limit is killed, and has died. */
  async end(index: number, how: 'crash' | 'clean'): Promise<void> {
    const child = this.#running[index]
    if (child === undefined) return
    const exited = once(child, 'exit')
    this.#told.set(child, how)
    child.kill(how === 'crash' ? 'SIGKILL' : 'SIGTERM')
    const limit = AbortSignal.timeout(this.#options.endLimitMs ?? END_LIMIT_MS)
    const kill = () => child.kill('SIGKILL')
    limit.addEventListener('abort', kill)
    await exited.finally(() => limit.removeEventListener('abort', kill))
  }

  async endAll(): Promise<void> {
    await Promise.all(this.running.map((index) => this.end(index, 'clean')))
  }
}
