import { lineProgress, type Progress } from './progress.ts'
import { StackError } from './stack-error.ts'

/** What the stack needs of the running process: `process` itself fits. */
export interface Host {
  readonly env: NodeJS.ProcessEnv
  readonly pid: number
  readonly execPath: string
  kill(pid: number, signal: NodeJS.Signals | 0): true
}

/** What everything that starts programs is given: the process it runs in, where to report, and when to give up. */
export interface LaunchContext {
  readonly host: Host
  readonly log: (line: string) => void
  readonly progress: Progress
  /** Ends what is being fetched, built or started; whoever waits gets a `StackError` `stopped`. */
  readonly signal: AbortSignal
}

/** Throws a `StackError` `stopped` if the signal was given. */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new StackError('stopped', 'the stack was stopped before it was up')
}

/** What whoever starts servers may say of it; all of it but the process has a default. */
export interface LaunchOptions {
  readonly host: Host
  readonly log?: (line: string) => void
  readonly progress?: Progress
  /** Gives up a start that is under way. */
  readonly signal?: AbortSignal
}

export function makeContext(options: LaunchOptions, giveUp: AbortSignal): LaunchContext {
  const { host, log = () => undefined, progress = lineProgress({ write: log }), signal } = options
  return { host, log, progress, signal: signal === undefined ? giveUp : AbortSignal.any([signal, giveUp]) }
}
