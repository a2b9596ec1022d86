/** Attempts to connect that an address has in five minutes. */
export const MAX_CONNECTS = 300

const WINDOW_MS = 5 * 60_000
/** Addresses that are remembered; the one seen first is forgotten for one more. */
const MAX_ADDRESSES = 10_000

/** The exchange's limit on connections, in a rolling window, with the time passed in. */
export class ConnectLimit {
  readonly #max: number
  readonly #attempts = new Map<string, number[]>()

  constructor(max = MAX_CONNECTS) {
    this.#max = max
  }

  /** Notes an attempt; false when it is one too many. Attempts that are refused count too. */
  admits(address: string, nowMs: number): boolean {
    const recent = (this.#attempts.get(address) ?? []).filter((atMs) => nowMs - atMs < WINDOW_MS)
    recent.push(nowMs)
    const oldest = this.#attempts.keys().next().value
    if (!this.#attempts.has(address) && this.#attempts.size >= MAX_ADDRESSES && oldest !== undefined) {
      this.#attempts.delete(oldest)
    }
    this.#attempts.set(address, recent.slice(-this.#max - 1))
    return recent.length <= this.#max
  }
}
