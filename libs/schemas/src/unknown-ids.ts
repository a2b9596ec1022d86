/** How many ids are remembered; beyond that the oldest is forgotten, and asked for again when it comes. */
const maxUnknownIds = 10_000

/** Ids that were asked for in vain, remembered for a while. */
export class UnknownIds {
  readonly #ttlMs: number
  readonly #now: () => number
  readonly #untilMs = new Map<number, number>()

  constructor({ ttlMs, now }: { ttlMs: number; now: () => number }) {
    this.#ttlMs = ttlMs
    this.#now = now
  }

  has(id: number): boolean {
    const untilMs = this.#untilMs.get(id)
    return untilMs !== undefined && this.#now() < untilMs
  }

  add(id: number): void {
    this.#untilMs.delete(id)
    if (this.#untilMs.size >= maxUnknownIds) this.#untilMs.delete(this.#untilMs.keys().next().value as number)
    this.#untilMs.set(id, this.#now() + this.#ttlMs)
  }
}
