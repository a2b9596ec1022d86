import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Host } from '@tidemark/stack'
import type { JobTopics } from './jobs/job.ts'
import type { JobName } from './jobs/jobs.ts'
import type { Guaranteed } from './verdict.ts'

export interface InstancesOptions {
  readonly host: Host
  readonly bootstrapServers: string
  readonly applicationId: string
  readonly job: JobName
  readonly guarantee: Guaranteed
  readonly topics: JobTopics
  /** Output of each instance goes here. */
  readonly logDir: string
}

const program = join(dirname(fileURLToPath(import.meta.url)), 'bin/instance.ts')

/** The instances of the application under test. */
export class Instances {
  readonly #options: InstancesOptions
  readonly #running: (ChildProcess | undefined)[] = []

  constructor(options: InstancesOptions) {
    this.#options = options
    mkdirSync(options.logDir, { recursive: true })
  }

  /** Indexes of those that run. */
  get running(): number[] {
    return this.#running.flatMap((child, index) => (child === undefined ? [] : [index]))
  }

  start(index: number): void {
    const { host, bootstrapServers, applicationId, job, guarantee, topics, logDir } = this.#options
    const args = [bootstrapServers, applicationId, job, guarantee, topics.input, topics.output, topics.table]
    const log = createWriteStream(join(logDir, `instance-${index}.log`), { flags: 'a' })
    const child = spawn(host.execPath, ['--conditions=@tidemark/source', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    this.#running[index] = child
    child.once('exit', () => {
      if (this.#running[index] === child) this.#running[index] = undefined
    })
  }

  /** Ends an instance: by kill -9, or by SIGTERM and waiting for its last commit. */
  async end(index: number, how: 'crash' | 'clean'): Promise<void> {
    const child = this.#running[index]
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill(how === 'crash' ? 'SIGKILL' : 'SIGTERM')
    await exited
  }

  async endAll(): Promise<void> {
    await Promise.all(this.running.map((index) => this.end(index, 'clean')))
  }
}
