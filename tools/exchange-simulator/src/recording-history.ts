import { inMs } from './frame-times.ts'
import { PublishedTrades } from './history/published-trades.ts'
import type { PublishedTrade } from './history/symbol-history.ts'
import { readRecording } from './recording-reader.ts'
import { isTradeStream, moveFrame, streamSymbol } from './source-frame.ts'
import type { SourceFrame } from './source-frame.ts'

export interface RecordingHistoryOptions {
  readonly file: string
  readonly symbols: readonly string[]
  readonly maxTrades: number
  /** Added to all times. */
  readonly offsetMs: number
}

/**
 * What a recording has published up to some frame of it. It reads the file a second time, behind the replays and only
 * when somebody asks, so that a replay that nobody asks about costs nothing.
 */
export class RecordingHistory {
  readonly #options: RecordingHistoryOptions
  readonly #published: PublishedTrades
  readonly #batches: AsyncGenerator<readonly SourceFrame[], void, void>
  #batch: readonly SourceFrame[] = []
  #batchRead = 0
  #framesRead = 0
  #reading: Promise<unknown> = Promise.resolve()

  constructor(options: RecordingHistoryOptions) {
    this.#options = options
    this.#published = new PublishedTrades(options.symbols, options.maxTrades)
    this.#batches = this.#read()
  }

  /** All trades among the first `frameCount` frames; never fewer than at an earlier call. */
  async upTo(frameCount: number): Promise<PublishedTrades> {
    const reading = this.#reading.then(() => this.#advance(frameCount))
    this.#reading = reading.catch(() => {})
    await reading
    return this.#published
  }

  async stop(): Promise<void> {
    await this.#batches.return()
  }

  async #advance(frameCount: number): Promise<void> {
    while (this.#framesRead < frameCount) {
      const frame = this.#batch[this.#batchRead]
      if (frame === undefined) {
        const next = await this.#batches.next()
        if (next.done === true) return
        this.#batch = next.value
        this.#batchRead = 0
        continue
      }
      this.#batchRead += 1
      this.#framesRead += 1
      const trade = tradeOf(frame)
      if (trade !== undefined) this.#published.append(trade)
    }
  }

  async *#read(): AsyncGenerator<readonly SourceFrame[], void, void> {
    const { file, offsetMs } = this.#options
    const symbols = new Set(this.#options.symbols)
    for await (const { frames } of readRecording(file)) {
      const wanted = frames.filter(({ stream }) => symbols.has(streamSymbol(stream ?? '')))
      yield offsetMs === 0 ? wanted : wanted.map((frame) => moveFrame(frame, offsetMs))
    }
  }
}

interface TradePayload {
  readonly s: string
  readonly t: number
  readonly p: unknown
  readonly q: unknown
  readonly T: number
  readonly m: boolean
}

/** Undefined for a frame of another stream, and for a trade without a price or quantity: a recording may have some. */
function tradeOf({ bytes, stream }: SourceFrame): PublishedTrade | undefined {
  if (!isTradeStream(stream ?? '')) return undefined
  const { s, t, p, q, T, m } = (JSON.parse(bytes.toString()) as { data: TradePayload }).data
  if (!isDecimal(p) || !isDecimal(q)) return undefined
  return { symbol: s, tradeId: t, price: p, quantity: q, tradeTimeMs: inMs(T), isBuyerMaker: m }
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
}
