/** The part of Node's `process` that signals come from. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown
}

export interface StopActions {
  /** Asked for the first time: end everything in order. */
  stop(): void
  /** Asked again by somebody who does not want to wait. */
  exitAtOnce(): void
  nowMs(): number
}

/** One Ctrl-C comes more than once: from the terminal, and passed on by npm and whatever else is in between. */
const SAME_REQUEST_MS = 1_000

/** Stops at the first signal, and exits at once at a second one that is not the same request passed on. */
export function onStopSignals(source: SignalSource, { stop, exitAtOnce, nowMs }: StopActions): void {
  let askedMs: number | undefined
  const asked = () => {
    if (askedMs === undefined) {
      askedMs = nowMs()
      stop()
    } else if (nowMs() - askedMs > SAME_REQUEST_MS) {
      exitAtOnce()
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) source.on(signal, asked)
}
