/** The exchange takes 300 connections from one address in five minutes; some are left for others. */
export const maxConnectAttempts = 250
export const connectWindowMs = 5 * 60_000

/** How many connections were tried lately, and when there may be another. Pure: time is passed in. */
export class ConnectBudget {
  readonly #attemptsMs: number[] = []
  readonly #max: number

  constructor(max = maxConnectAttempts) {
    this.#max = max
  }

  take(nowMs: number): { readonly ok: true } | { readonly ok: false; readonly againAtMs: number } {
    while ((this.#attemptsMs[0] ?? Infinity) <= nowMs - connectWindowMs) this.#attemptsMs.shift()
    const [oldest] = this.#attemptsMs
    if (oldest !== undefined && this.#attemptsMs.length >= this.#max) {
      return { ok: false, againAtMs: oldest + connectWindowMs }
    }
    this.#attemptsMs.push(nowMs)
    return { ok: true }
  }
}
