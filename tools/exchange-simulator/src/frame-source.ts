import type { PublishedTrades } from './history/published-trades.ts'
import type { SourceFrame } from './source-frame.ts'

/** Where a source puts frames for one connection. */
export interface FrameSink {
  /** What it has subscribed; replaced by another set when that changes. */
  readonly streams: ReadonlySet<string>
  /** Sends those frames the connection subscribed to, in order. */
  send(frames: readonly SourceFrame[]): void
  /** Undefined while more can be taken; else resolves when it can, or when the connection is gone. Never rejects. */
  room(): Promise<void> | undefined
  /** Resolves when all that was sent has left for the reader, or the connection is gone. Never rejects. */
  flushed(): Promise<void>
  /** Aborts when the connection is gone. */
  readonly signal: AbortSignal
}

/** Distinct trades of a symbol. */
export interface TradeCount {
  readonly count: number
  readonly first_id: number | null
  readonly last_id: number | null
}

/** What a source holds, as the status page shows it. */
export interface SourceStatus {
  readonly source: 'recording' | 'synthetic'
  readonly file: string | null
  readonly symbols: readonly string[]
  /** Frames of the source, malformed ones not counted: of the whole recording; so far, of a market. */
  readonly frames_total: number
  /** Malformed frames that are mixed in, once a replay or once a market. */
  readonly malformed_total: number
  /** Distinct trades of the source by symbol: of the whole recording; so far, of a market. */
  readonly trades: Readonly<Record<string, TradeCount>>
}

/** Somebody who has to be told how far market time has come. */
export interface TimeWatch {
  /** Market time at which it wants to be told before anything later is sent. */
  nextAtMs(): number
  /** Called at the start of the source, and whenever all before this time was handed over. */
  reached(marketMs: number): void
}

/** Something that frames come from. */
export interface FrameSource {
  readonly symbols: readonly string[]
  /** True for a stream that it has frames of. */
  hasStream(stream: string): boolean
  /** Serves one connection; resolves when it has got everything, or is gone. Called once a connection. */
  serve(sink: FrameSink): Promise<void>
  /** The exchange's time: what a reader of this source must take for now. */
  nowMs(): number
  /** Leaves out so many ids; absent where the source has ids of its own. */
  skipIds?(count: number, symbols: readonly string[] | undefined): void
  /** The trades it has published so far, to whomever. */
  published(): Promise<PublishedTrades>
  status(): SourceStatus
  stop(): Promise<void>
}
