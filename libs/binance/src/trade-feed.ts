import type { SymbolStart } from './continuity/continuity.ts'
import type { FeedBatch } from './feed-buffer.ts'

export type FeedState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'connected' }
  /** The last connection failed or ended for this reason; the next attempt follows after `retryInMs`. */
  | { readonly phase: 'waiting'; readonly reason: string; readonly retryInMs: number }
  | { readonly phase: 'stopped' }

/** Counted since the start of the feed. */
export interface FeedCounters {
  readonly frames: number
  readonly bytes: number
  readonly trades: number
  readonly rejected: number
  readonly replies: number
  readonly other_events: number
  /** Connections made. */
  readonly connects: number
  /** Connections made after the first one. */
  readonly reconnects: number
  /** Trades that were here already: from another connection, or asked for in the meantime. */
  readonly duplicates: number
  /** Trades that there was no room for; they are asked for later. */
  readonly dropped: number
  /** Trades that wait behind holes. */
  readonly held: number
  /** Symbols with ids that are missing. */
  readonly open_holes: number
  /** Symbols of which it is not known whether something is missing at the end. */
  readonly in_doubt: number
  /** Symbols whose ids go on below those that they had: nothing of them is taken. */
  readonly went_back: number
  /** Items that wait to be taken. */
  readonly buffered: number
}

/** The trades of some symbols, from the exchange, for as long as one asks. */
export interface TradeFeed extends AsyncIterable<FeedBatch, void> {
  readonly state: FeedState
  readonly connected: boolean
  readonly counters: FeedCounters
  /** Follows these symbols from now on, the new ones from where they were left off; connections are replaced without a break. */
  setSymbols(symbols: readonly string[], starts: ReadonlyMap<string, SymbolStart>): void
  /** What has arrived since the last step of the iteration, or the last call: for who does not want to wait for the next step. */
  take(): FeedBatch | undefined
  /** Ends the connection and, after the batch of what had arrived, the iteration. Resolves when the connection is gone. */
  stop(): Promise<void>
}

/** Where the feed says what happens to it; a pino logger fits. */
export interface FeedLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
