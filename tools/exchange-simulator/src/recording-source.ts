import { Broadcast } from './broadcast.ts'
import type { Clock } from './clock.ts'
import type { FrameSink, FrameSource, SourceStatus, TimeWatch, TradeCount } from './frame-source.ts'
import { eventTimeMs } from './frame-times.ts'
import type { IdRanges } from './id-ranges.ts'
import { mixIn, placeMalformed } from './malformed-placement.ts'
import type { PlacedFrame } from './malformed-placement.ts'
import type { MalformedFrame } from './malformed-frames.ts'
import type { Speed } from './pacing.ts'
import { PublishedTrades } from './history/published-trades.ts'
import { RecordingHistory } from './recording-history.ts'
import { readRecording } from './recording-reader.ts'
import type { RecordingBatch } from './recording-reader.ts'
import { summariseRecording } from './recording-summary.ts'
import type { RecordingSummary } from './recording-summary.ts'
import { replay } from './replay.ts'
import { ReplayDerivation } from './replay-derivation.ts'
import { moveFrame, streamSymbol } from './source-frame.ts'
import type { SourceFrame } from './source-frame.ts'
import { DerivedNames, parseDerivedStream } from './streams/derived-stream.ts'

export interface RecordingSourceOptions {
  readonly file: string
  readonly speed: Speed
  readonly shiftToNow: boolean
  /** All of the recording's, where undefined. */
  readonly symbols: readonly string[] | undefined
  /** Where a connection begins: each at the first frame, or at the present of one replay for all. */
  readonly join: 'start' | 'present'
  readonly malformed: readonly MalformedFrame[]
  readonly seed: number
  /** Trades that REST can be asked about, over all symbols. */
  readonly historyTrades: number
  readonly clock: Clock
  readonly watch: TimeWatch
}

/**
 * Opens a recording, checking every line of it. Each connection gets its own replay from the first frame on. Shifted
 * times are shifted by one constant, set when the first replay starts, so that a trade has the same times on each connection.
 */
export async function openRecordingSource(options: RecordingSourceOptions): Promise<FrameSource> {
  const symbols = options.symbols === undefined ? undefined : new Set(options.symbols)
  const summary = await summariseRecording(options.file, readRecording(options.file), symbols)
  return new RecordingSource(options, summary)
}

class RecordingSource implements FrameSource {
  readonly #options: RecordingSourceOptions
  readonly #summary: RecordingSummary
  readonly #placed: readonly PlacedFrame[]
  readonly #derivedNames = new DerivedNames((name) => this.#isDerived(name))
  /** Event time each replay has come to. */
  readonly #positions = new Map<FrameSink, number>()
  /** All connections, where they share one replay. */
  readonly #broadcast: Broadcast
  #ended: Promise<void> | undefined
  #latestMs: number
  /** Frames that the furthest replay has sent. */
  #framesPublished = 0
  #history: RecordingHistory | undefined
  #offsetMs: number | undefined

  constructor(options: RecordingSourceOptions, summary: RecordingSummary) {
    this.#options = options
    this.#summary = summary
    this.#placed = placeMalformed(options.malformed, summary.framesTotal, options.seed)
    this.#latestMs = summary.firstEventTimeMs
    this.#broadcast = new Broadcast({ waits: options.speed === 'max' })
  }

  get symbols(): readonly string[] {
    return this.#summary.symbols
  }

  hasStream(stream: string): boolean {
    return this.#summary.streams.has(stream) || this.#isDerived(stream)
  }

  /** What the recording has itself is not made anew. */
  #isDerived(name: string): boolean {
    const { streams } = this.#summary
    const stream = parseDerivedStream(name)
    return stream !== undefined && !streams.has(name) && streams.has(`${stream.symbol.toLowerCase()}@trade`)
  }

  async serve(sink: FrameSink): Promise<void> {
    if (sink.signal.aborted) return
    if (this.#options.join === 'start') return this.#replayTo(sink)
    const gone = new Promise<void>((resolve) => sink.signal.addEventListener('abort', () => resolve(), { once: true }))
    this.#broadcast.add(sink)
    this.#ended ??= this.#replayTo(this.#broadcast)
    await Promise.race([this.#ended, gone])
    await sink.flushed()
  }

  async #replayTo(sink: FrameSink): Promise<void> {
    const { clock, file, historyTrades: maxTrades, shiftToNow, speed } = this.#options
    const { firstEventTimeMs, firstReceivedAtUs } = this.#summary
    const startedAtMs = clock.nowMs()
    this.#offsetMs ??= shiftToNow ? startedAtMs - firstEventTimeMs : 0
    const offsetMs = this.#offsetMs
    this.#positions.set(sink, firstEventTimeMs + offsetMs)
    this.#options.watch.reached(this.nowMs())
    let position = { framesSent: 0, timeMs: firstEventTimeMs + offsetMs }
    const derivation = new ReplayDerivation({ file, symbols: this.symbols, maxTrades, offsetMs })
    const derived = () => this.#derivedNames.of(sink.streams)
    sink.signal.addEventListener('abort', () => this.#positions.delete(sink), { once: true })
    await replay({
      batches: this.#frames(readRecording(file), offsetMs),
      pace: { speed, startedAtMs, firstReceivedAtUs: firstReceivedAtUs + offsetMs * 1000 },
      clock,
      sink,
      onSent: (sent) => {
        let { framesSent } = position
        for (const { stream } of sent) if (stream !== null) framesSent += 1
        this.#framesPublished = Math.max(this.#framesPublished, framesSent)
        this.#moveTo(sink, sent)
        const before = position
        position = { framesSent, timeMs: this.#positions.get(sink) ?? before.timeMs }
        return derived().length === 0 ? undefined : derivation.between(before, position, derived())
      },
    })
    sink.send(await derivation.finish(position, derived()))
    await sink.flushed()
  }

  /** The slowest replay's time: with it a reader never takes for past what some connection has not been sent yet. */
  nowMs(): number {
    return this.#positions.size > 0 ? Math.min(...this.#positions.values()) : this.#latestMs + (this.#offsetMs ?? 0)
  }

  status(): SourceStatus {
    const { framesTotal, symbols, trades } = this.#summary
    return {
      source: 'recording',
      file: this.#options.file,
      symbols,
      frames_total: framesTotal,
      malformed_total: this.#placed.length,
      trades: Object.fromEntries([...trades].map(([symbol, ids]) => [symbol, tradeCount(ids)])),
    }
  }

  async published(): Promise<PublishedTrades> {
    const { file, historyTrades: maxTrades } = this.#options
    const { symbols } = this.#summary
    const offsetMs = this.#offsetMs
    if (offsetMs === undefined) return new PublishedTrades(symbols, maxTrades)
    this.#history ??= new RecordingHistory({ file, symbols, maxTrades, offsetMs })
    return this.#history.upTo(this.#framesPublished)
  }

  /** Replays end with their connections. */
  async stop(): Promise<void> {
    this.#broadcast.stop()
    await this.#history?.stop()
  }

  async *#frames(batches: AsyncIterable<RecordingBatch>, offsetMs: number): AsyncGenerator<readonly SourceFrame[]> {
    const symbols = this.#options.symbols === undefined ? undefined : new Set(this.#summary.symbols)
    let index = 0
    for await (const batch of batches) {
      const wanted = symbols
        ? batch.frames.filter(({ stream }) => symbols.has(streamSymbol(stream ?? '')))
        : batch.frames
      const moved = offsetMs === 0 ? wanted : wanted.map((frame) => moveFrame(frame, offsetMs))
      yield mixIn(moved, index, this.#placed)
      index += wanted.length
    }
  }

  #moveTo(sink: FrameSink, sent: readonly SourceFrame[]): void {
    const last = sent.at(-1)
    const timeMs = last && eventTimeMs(last.bytes)
    if (timeMs === undefined || sink.signal.aborted) return
    this.#positions.set(sink, Math.max(timeMs, this.#positions.get(sink) ?? timeMs))
    this.#latestMs = Math.max(this.#latestMs, timeMs - (this.#offsetMs ?? 0))
    this.#options.watch.reached(timeMs)
  }
}

function tradeCount(ids: IdRanges): TradeCount {
  return { count: ids.count, first_id: ids.first, last_id: ids.last }
}
