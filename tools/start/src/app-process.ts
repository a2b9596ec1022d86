import { createWriteStream, type WriteStream } from 'node:fs'
import { WRONG_SETTINGS_EXIT_CODE } from '@tidemark/service'
import { StackError, superviseProcess, type Host, type SupervisedProcess } from '@tidemark/stack'

export interface AppOptions {
  readonly name: string
  /** Arguments of Node. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** All it prints goes here. */
  readonly logFile: string
  readonly host: Host
  readonly log: (line: string) => void
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
}

const STOP_LIMIT_MS = 15_000
const RESTART_DELAY_MS = 1_000
/** An app that ends this often within the window is broken, not unlucky. */
const MAX_RESTARTS = 5
const RESTART_WINDOW_MS = 60_000
const KEPT_LINES = 20

/** An app that is started again when it ends by itself, as an orchestrator would; not where it refuses its settings. */
export class AppProcess {
  readonly name: string
  /** Rejects when the app can't be kept running; resolves when it was stopped. */
  readonly ended: Promise<void>
  readonly #options: AppOptions
  readonly #output: WriteStream
  readonly #lastLines: string[] = []
  readonly #restartsMs: number[] = []
  #process: SupervisedProcess
  #stopping = false

  constructor(options: AppOptions) {
    this.name = options.name
    this.#options = options
    this.#output = createWriteStream(options.logFile, { flags: 'a' })
    this.#process = this.#start()
    this.ended = this.#keepRunning()
    // Whoever starts it awaits it later; a failure before that is not an unhandled one.
    this.ended.catch(() => undefined)
  }

  get restarts(): number {
    return this.#restartsMs.length
  }

  /** Stops it with SIGTERM, and SIGKILL after a limit. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#process.stop()
    await this.ended.catch(() => undefined)
  }

  async #keepRunning(): Promise<void> {
    const { name, log, logFile, nowMs, wait } = this.#options
    for (;;) {
      const code = await this.#process.exited
      if (this.#stopping) break
      // What it refuses at its first start it refuses at each. Later it is bad luck: what it was given is what it had before.
      if (code === WRONG_SETTINGS_EXIT_CODE && this.restarts === 0) {
        throw new StackError('setup-failed', `${name} can't start (${logFile}):\n${this.#saidPlainly()}`)
      }
      const recent = this.#restartsMs.filter((atMs) => nowMs() - atMs < RESTART_WINDOW_MS)
      if (recent.length >= MAX_RESTARTS) {
        const lines = this.#lastLines.join('\n')
        throw new Error(
          `${name} ended ${recent.length + 1} times within a minute, last with ${code} (${logFile}):\n${lines}`,
        )
      }
      log(`${name} ended with ${code}; starting it again`)
      await wait(RESTART_DELAY_MS)
      if (this.#stopping) break
      this.#restartsMs.push(nowMs())
      this.#process = this.#start()
    }
    this.#output.end()
  }

  /** Its last lines that are for people: those of a log are JSON. */
  #saidPlainly(): string {
    return this.#lastLines.filter((line) => !line.startsWith('{')).join('\n')
  }

  #start(): SupervisedProcess {
    const { host, args, env, cwd } = this.#options
    return superviseProcess(host, {
      command: host.execPath,
      args,
      env,
      cwd,
      stopLimitMs: STOP_LIMIT_MS,
      output: (line) => {
        this.#output.write(`${line}\n`)
        this.#lastLines.push(line)
        if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift()
      },
    })
  }
}
