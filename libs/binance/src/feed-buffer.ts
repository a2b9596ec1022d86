import type { RejectedFrame, TradeFrame } from './frame-parser.ts'

/** What the feed hands out, in the order of arrival: a trade, or a frame that was none. */
export type FeedItem = TradeFrame | RejectedFrame

/** Everything that arrived since the consumer last asked; never empty. */
export interface FeedBatch {
  readonly items: readonly FeedItem[]
}

export interface FeedBufferLimits {
  readonly maxBufferedFrames: number
  /** Counted by the frames' sizes on the wire. */
  readonly maxBufferedBytes: number
}

/** What has arrived and was not asked for yet. It never refuses an item: who fills it looks at `isFull` and stops reading. */
export class FeedBuffer {
  readonly #limits: FeedBufferLimits
  #items: FeedItem[] = []
  #bytes = 0

  constructor(limits: FeedBufferLimits) {
    this.#limits = limits
  }

  get length(): number {
    return this.#items.length
  }

  get isFull(): boolean {
    return this.#items.length >= this.#limits.maxBufferedFrames || this.#bytes >= this.#limits.maxBufferedBytes
  }

  add(item: FeedItem, bytes: number): void {
    this.#items.push(item)
    this.#bytes += bytes
  }

  /** All of it, or undefined where there is nothing. */
  take(): FeedBatch | undefined {
    if (this.#items.length === 0) return undefined
    const items = this.#items
    this.#items = []
    this.#bytes = 0
    return { items }
  }
}
