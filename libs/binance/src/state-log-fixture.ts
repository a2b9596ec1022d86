import type { FeedState } from './trade-feed.ts'

/** The states a feed goes through, to be awaited one by one. */
export class StateLog {
  readonly #seen: FeedState[] = []
  #notify: () => void = () => undefined
  readonly add = (state: FeedState): void => {
    this.#seen.push(state)
    this.#notify()
  }

  async until(phase: FeedState['phase']): Promise<FeedState> {
    for (;;) {
      const next = this.#seen.shift()
      if (next?.phase === phase) return next
      if (next === undefined) await new Promise<void>((resolve) => (this.#notify = resolve))
    }
  }
}
