import type { FeedBatch, FeedCounters, FeedItem, FeedState, SymbolStart, TradeFeed } from '@tidemark/binance'

/** A feed for tests, which gives what it is told to. */
export class FakeFeed implements TradeFeed {
  state: FeedState = { phase: 'connected' }
  readonly counters: FeedCounters = {
    frames: 3,
    bytes: 300,
    trades: 2,
    rejected: 1,
    replies: 0,
    other_events: 0,
    connects: 2,
    reconnects: 1,
    duplicates: 0,
    dropped: 0,
    held: 0,
    open_holes: 0,
    in_doubt: 0,
    went_back: 0,
    buffered: 0,
  }
  symbols: readonly string[] = []
  starts: ReadonlyMap<string, SymbolStart> = new Map()
  readonly #changed = Promise.withResolvers<void>()
  readonly #batches: FeedBatch[] = []
  #wake: () => void = () => undefined

  get connected(): boolean {
    return this.state.phase === 'connected'
  }

  /** Resolves when other symbols are wanted. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  setSymbols(symbols: readonly string[], starts: ReadonlyMap<string, SymbolStart>): void {
    this.symbols = symbols
    this.starts = starts
    this.#changed.resolve()
  }

  /** One batch. */
  give(...items: readonly FeedItem[]): void {
    this.#batches.push({ items })
    this.#wake()
  }

  take(): FeedBatch | undefined {
    return this.#batches.shift()
  }

  async stop(): Promise<void> {
    this.state = { phase: 'stopped' }
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FeedBatch> {
    for (;;) {
      const batch = this.#batches.shift()
      if (batch !== undefined) yield batch
      else if (this.state.phase === 'stopped') return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
