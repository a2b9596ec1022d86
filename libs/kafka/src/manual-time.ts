import type { Time } from './time.ts'

/**
 * Time that moves only when `advance` is called, or, with `skipping`, at once to the end of each wait. `random` is always the
 * middle.
 */
export class ManualTime implements Time {
  readonly #skipping: boolean
  readonly #waiting = new Set<{ dueMs: number; resolve: () => void }>()
  #nowMs = 1_000

  constructor({ skipping = false } = {}) {
    this.#skipping = skipping
  }

  nowMs(): number {
    return this.#nowMs
  }

  random(): number {
    return 0.5
  }

  async wait(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    if (this.#skipping) {
      this.#nowMs += delayMs
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = { dueMs: this.#nowMs + delayMs, resolve }
    this.#waiting.add(waiting)
    signal?.addEventListener('abort', () => resolve(), { once: true })
    await promise
    this.#waiting.delete(waiting)
  }

  async nextTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Lets the given time pass, and all that it wakes go on until it waits again. */
  async advance(byMs: number): Promise<void> {
    this.#nowMs += byMs
    for (const { dueMs, resolve } of [...this.#waiting]) if (dueMs <= this.#nowMs) resolve()
    await this.nextTurn()
  }
}
