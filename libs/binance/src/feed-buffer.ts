import type { TradeGap } from '@tidemark/schemas'
import type { RejectedFrame, TradeFrame } from './frame-parser.ts'

/** What became of trade ids that did not come from the stream. */
export interface GapItem {
  readonly kind: 'gap'
  readonly gap: TradeGap
}

/** Every trade of the symbol with an earlier trade time was handed out before, or is in a gap that was. */
export interface HeartbeatItem {
  readonly kind: 'heartbeat'
  readonly symbol: string
  readonly watermarkMs: number
}

/** What the feed hands out: the trades of a symbol in ascending order of ids, each once; frames that can't be read; gaps; heartbeats. */
export type FeedItem = TradeFrame | RejectedFrame | GapItem | HeartbeatItem

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
