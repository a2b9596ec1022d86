import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import process from 'node:process'

export const root = resolve(import.meta.dirname, '../../../..')
export const recording = resolve(root, '../shared/data/spot-20240808-btc-eth.trades.gz')

/** `npm start` as its own process, as a user runs it. */
export class StartProcess {
  readonly child: ChildProcess
  output = ''
  readonly #watchers: (() => void)[] = []

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [join(root, 'tools/run.mjs'), 'start', ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a process group of its own, as in a terminal
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
        for (const watch of this.#watchers) watch()
      })
    }
    this.child.once('exit', () => {
      for (const watch of this.#watchers) watch()
    })
  }

  /** Resolves when the output matches; rejects, with the output, when the process ends before. */
  async says(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (pattern.test(this.output)) resolve()
        else if (this.child.exitCode !== null) reject(new Error(`ended without saying ${pattern}:\n${this.output}`))
      }
      this.#watchers.push(look)
      look()
    })
  }

  /** What Ctrl-C in a terminal does: the signal goes to every process of the group. */
  pressCtrlC(): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, 'SIGINT')
  }

  /** Ends it, if it has not ended by itself. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.pressCtrlC()
    await this.ended()
  }

  /** Resolves with the exit code. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    return this.child.exitCode
  }

  /** A figure of the summary. */
  figure(name: string): string | undefined {
    return new RegExp(`^${name} +([\\d,]+)$`, 'm').exec(this.output)?.[1]
  }
}

/** Processes whose command line has the text: pid and command line. */
export function processesWith(text: string): { pid: number; command: string }[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes(text) && !line.includes('ps -eo'))
    .map((line) => {
      const [pid, ...command] = line.split(' ')
      return { pid: Number(pid), command: command.join(' ') }
    })
}

/** A base above which `count` neighbouring ports are free, below those that the system gives to outgoing connections. */
export async function freePortBase(count: number): Promise<number> {
  for (let base = 20_000 + (process.pid % 100) * 100; base < 32_000; base += 100) {
    const free = await Promise.all(Array.from({ length: count }, (_unused, index) => isFree(base + index)))
    if (free.every(Boolean)) return base
  }
  throw new Error('no free ports')
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
