import type { PublishedIds } from './feed-market.ts'

/** What has come of the ids that a market published, in the order in which they stand in the topic. */
export class FeedIds {
  readonly #next = new Map<string, number>()
  #taken = 0
  #doubled = 0
  #missing = 0

  take(symbol: string, id: number): void {
    const next = this.#next.get(symbol)
    this.#taken++
    if (next !== undefined && id < next) {
      this.#doubled++
      return
    }
    if (next !== undefined) this.#missing += id - next
    this.#next.set(symbol, id + 1)
  }

  /** Trades, those that came behind a higher id of their symbol, and ids that did not come from each symbol's first one here on. */
  verdict(published: ReadonlyMap<string, PublishedIds>): { taken: number; doubled: number; lost: number } {
    let lost = this.#missing
    for (const [symbol, { first_id, last_id }] of published) {
      lost += last_id + 1 - (this.#next.get(symbol) ?? first_id)
    }
    return { taken: this.#taken, doubled: this.#doubled, lost }
  }
}
