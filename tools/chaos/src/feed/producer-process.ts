import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Host } from '@tidemark/stack'

const program = join(dirname(fileURLToPath(import.meta.url)), '../../../../apps/trade-producer/src/main.ts')

/** trade-producer as it runs in earnest, to be ended in any way. More than one may run, as by mistake of an operator. */
export class ProducerProcesses {
  readonly #host: Host
  readonly #env: NodeJS.ProcessEnv
  readonly #log: WriteStream
  #running: ChildProcess[] = []

  constructor(host: Host, options: { readonly env: NodeJS.ProcessEnv; readonly logDir: string }) {
    this.#host = host
    this.#env = options.env
    mkdirSync(options.logDir, { recursive: true })
    this.#log = createWriteStream(join(options.logDir, 'trade-producer.log'), { flags: 'a' })
  }

  get running(): number {
    return this.#running.length
  }

  start(): void {
    const child = spawn(this.#host.execPath, ['--conditions=@tidemark/source', program], {
      env: { ...this.#host.env, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(this.#log, { end: false })
    child.stderr.pipe(this.#log, { end: false })
    this.#running.push(child)
    child.once('exit', () => {
      this.#running = this.#running.filter((each) => each !== child)
    })
  }

  /** Ends all of them: by kill -9, or by SIGTERM and waiting for their last commit. */
  async end(how: 'crash' | 'clean'): Promise<void> {
    await Promise.all(
      this.#running.map(async (child) => {
        const exited = once(child, 'exit')
        child.kill(how === 'crash' ? 'SIGKILL' : 'SIGTERM')
        await exited
      }),
    )
  }
}
