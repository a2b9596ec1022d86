import { throwIfStopped, type LaunchContext } from './launch-context.ts'
import { superviseProcess } from './supervised-process.ts'

export interface ToolOptions {
  readonly command: string
  readonly args: readonly string[]
  /** The host's own, if not given. */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly onLine?: (line: string) => void
  readonly inBackground?: boolean
}

export interface ToolResult {
  readonly exitCode: number
  /** The last lines of its output. */
  readonly tail: string
}

const tailLines = 15
const toolStopLimitMs = 5_000

/**
 * Runs a program to its end, with all it starts; rejects with a `StackError` `stopped` when the signal ends it early.
 * A program that is missing has exit code 127.
 */
export async function runTool({ host, signal }: LaunchContext, options: ToolOptions): Promise<ToolResult> {
  throwIfStopped(signal)
  const tail: string[] = []
  const tool = superviseProcess(host, {
    env: host.env,
    ...options,
    stopLimitMs: toolStopLimitMs,
    output: (line) => {
      tail.push(line)
      if (tail.length > tailLines) tail.shift()
      options.onLine?.(line)
    },
  })
  const stop = (): void => void tool.stop()
  signal.addEventListener('abort', stop, { once: true })
  const exitCode = await tool.exited
  signal.removeEventListener('abort', stop)
  throwIfStopped(signal)
  return { exitCode, tail: tail.join('\n') }
}
