import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Host } from '@tidemark/stack'

const program = join(dirname(fileURLToPath(import.meta.url)), '../../../../apps/trade-producer/src/main.ts')

export interface ProducerProcessesOptions {
  readonly env: NodeJS.ProcessEnv
  /** Bootstrap servers: each that is started takes the next, so that one can be cut off beside another. */
  readonly ways: readonly string[]
  readonly logDir: string
}

/** trade-producer as it runs in earnest, to be ended in any way. More than one may run, as by mistake of an operator. */
export class ProducerProcesses {
  readonly #host: Host
  readonly #options: ProducerProcessesOptions
  readonly #log: WriteStream
  #running: ChildProcess[] = []
  #started = 0

  constructor(host: Host, options: ProducerProcessesOptions) {
    this.#host = host
    this.#options = options
    mkdirSync(options.logDir, { recursive: true })
    this.#log = createWriteStream(this.#logFile, { flags: 'a' })
  }

  /** The index of the way to Kafka that the one has which was started last. */
  get newestWay(): number {
    return (this.#started - 1) % this.#options.ways.length
  }

  get running(): number {
    return this.#running.length
  }

  start(): void {
    this.#started++
    const { env, ways } = this.#options
    const child = spawn(this.#host.execPath, ['--conditions=@tidemark/source', program], {
      env: { ...this.#host.env, ...env, KAFKA_BOOTSTRAP_SERVERS: ways[this.newestWay] },
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

  /** How many lines of what they wrote, all of them together, have this text. */
  async linesWith(text: string): Promise<number> {
    return (await readFile(this.#logFile, 'utf8')).split('\n').filter((line) => line.includes(text)).length
  }

  get #logFile(): string {
    return join(this.#options.logDir, 'trade-producer.log')
  }
}
