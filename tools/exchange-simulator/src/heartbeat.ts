/** Interval of the server's pings, and how long a connection may owe a pong. */
export const PING_INTERVAL_MS = 20_000
export const PONG_TIMEOUT_MS = 60_000

export interface HeartbeatOptions {
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  readonly startMs: number
}

export type HeartbeatAction = { kind: 'ping'; payload: string } | { kind: 'disconnect' } | { kind: 'wait' }

/** The liveness of one connection as a machine with the time passed in. */
export interface Heartbeat {
  /** What is to be done now. A ping counts as sent with this call. */
  tick(nowMs: number): HeartbeatAction
  /** When `tick` has something to do next. */
  nextAtMs(): number
  /**
   * Notes a pong. One that echoes an outstanding ping answers that and all before it; any other, empty ones included,
   * is permitted and keeps nothing alive.
   */
  pong(payload: string): void
}

export function heartbeat({ pingIntervalMs, pongTimeoutMs, startMs }: HeartbeatOptions): Heartbeat {
  let nextPingAtMs = startMs + pingIntervalMs
  let owed: { payload: string; sentAtMs: number }[] = []
  const deadAtMs = () => (owed[0] === undefined ? Infinity : owed[0].sentAtMs + pongTimeoutMs)
  return {
    tick(nowMs) {
      if (nowMs >= deadAtMs()) return { kind: 'disconnect' }
      if (nowMs < nextPingAtMs) return { kind: 'wait' }
      nextPingAtMs = nowMs + pingIntervalMs
      const payload = `${nowMs}`
      owed.push({ payload, sentAtMs: nowMs })
      return { kind: 'ping', payload }
    },
    nextAtMs: () => Math.min(nextPingAtMs, deadAtMs()),
    pong(payload) {
      const answered = owed.findLastIndex((ping) => ping.payload === payload)
      owed = owed.slice(answered + 1)
    },
  }
}
