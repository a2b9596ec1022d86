import type { Continuity, HistoryRequest } from './continuity/continuity.ts'
import type { FeedClock } from './feed-clock.ts'
import { TradeHistoryError, type TradeHistory } from './trade-history.ts'
import type { FeedLogger } from './trade-feed.ts'

export interface HistoryDriverOptions {
  readonly history: TradeHistory | undefined
  readonly continuity: Continuity
  readonly clock: FeedClock
  readonly logger: FeedLogger
  /** An answer has changed something. */
  readonly onAnswer: () => void
  /** A bug, or a client that breaks its promise. */
  readonly onFailure: (error: unknown) => void
}

/** Asks the exchange's history what the continuity wants to know, and brings it the answers. */
export class HistoryDriver {
  readonly #options: HistoryDriverOptions
  readonly #stopping = new AbortController()

  constructor(options: HistoryDriverOptions) {
    this.#options = options
  }

  drive(): void {
    const { continuity, clock } = this.#options
    for (;;) {
      const request = continuity.nextRequest(clock.elapsedMs())
      if (request === undefined || this.#options.history === undefined) return
      void this.#answer(request, this.#options.history)
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #answer(request: HistoryRequest, history: TradeHistory): Promise<void> {
    const { continuity, clock, logger, onAnswer, onFailure } = this.#options
    const { signal } = this.#stopping
    try {
      if (request.kind === 'page') {
        const page = await history.trades(request, signal)
        if (!signal.aborted) continuity.pageArrived(request, page, clock.elapsedMs())
      } else {
        // The time first: what is newest is then at least as new.
        const serverTimeMs = await history.serverTimeMs(signal)
        const lastTrades = await history.lastTradeIds(request.symbols, signal)
        if (!signal.aborted) continuity.checkArrived(request, { serverTimeMs, lastTrades }, clock.elapsedMs())
      }
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof TradeHistoryError)) return onFailure(error)
      logger.warn({ code: error.code, retry_after_ms: error.retryAfterMs }, `past trades: ${error.message}`)
      continuity.failed(request, error, clock.elapsedMs())
    }
    if (!signal.aborted) onAnswer()
  }
}
