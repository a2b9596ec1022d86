export interface ReconnectPolicy {
  /** The wait after a first failure. */
  readonly reconnectDelayMs: number
  /** The longest wait. */
  readonly maxReconnectDelayMs: number
}

/** The part of a delay that is random, so that clients cut off together do not come back together. */
const jitter = 0.25

/**
 * How long to wait before connecting again after `failures` failures in a row before this one: `reconnectDelayMs` doubled for each, never
 * above `maxReconnectDelayMs`, less up to a quarter by `random` in [0, 1).
 */
export function reconnectDelay(failures: number, policy: ReconnectPolicy, random: number): number {
  const doubled = policy.reconnectDelayMs * 2 ** failures
  return Math.min(doubled, policy.maxReconnectDelayMs) * (1 - jitter * random)
}
