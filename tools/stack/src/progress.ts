import { MultiBar } from 'cli-progress'

/** One long task that is shown to whoever waits. */
export interface ProgressTask {
  /** What the task is at now, such as `412 packages compiled`. */
  update(detail: string): void
  done(): void
  fail(): void
}

/** Shows tasks that take long: downloads and builds. */
export interface Progress {
  begin(label: string): ProgressTask
}

export interface LineProgressOptions {
  readonly write: (line: string) => void
  /** How often a running task says that it still runs. */
  readonly heartbeatMs?: number
  readonly now?: () => number
}

/** A line at the start, one at each heartbeat, one at the end: for logs and pipes. */
export function lineProgress({ write, heartbeatMs = 15_000, now = Date.now }: LineProgressOptions): Progress {
  return {
    begin(label) {
      const startedMs = now()
      let detail = ''
      const elapsed = (): string => formatElapsed(now() - startedMs)
      write(`${label} …`)
      const timer = setInterval(() => write(`${label}: ${elapsed()}${detail && `, ${detail}`}`), heartbeatMs)
      timer.unref()
      const end = (word: string): void => {
        clearInterval(timer)
        write(`${label}: ${word} after ${elapsed()}`)
      }
      return { update: (text) => void (detail = text), done: () => end('done'), fail: () => end('failed') }
    },
  }
}

/** A line per task, kept up to date in place, with other lines above: for terminals. Log through its `log` only. */
export function terminalProgress(stream: NodeJS.WritableStream): Progress & { log(line: string): void } {
  let shown: { bars: MultiBar; running: number } | undefined
  return {
    log(line) {
      if (shown === undefined) stream.write(`${line}\n`)
      else shown.bars.log(`${line}\n`)
    },
    begin(label) {
      shown ??= { bars: new MultiBar({ format: '{line}', stream, fps: 4, gracefulExit: false }), running: 0 }
      const group = shown
      group.running += 1
      const startedMs = Date.now()
      let detail = ''
      const payload = (): { line: string } => ({
        line: `${label}: ${formatElapsed(Date.now() - startedMs)}${detail && `, ${detail}`}`,
      })
      const bar = group.bars.create(1, 0, payload())
      const timer = setInterval(() => bar.update(payload()), 500)
      const end = (word: string): void => {
        clearInterval(timer)
        detail = word
        bar.update(1, payload())
        group.running -= 1
        if (group.running > 0) return
        group.bars.stop()
        shown = undefined
      }
      return { update: (text) => void (detail = text), done: () => end('done'), fail: () => end('failed') }
    },
  }
}

/** `42 s`, `3 min 05 s`. */
export function formatElapsed(elapsedMs: number): string {
  const seconds = Math.round(elapsedMs / 1000)
  if (seconds < 60) return `${seconds} s`
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}
