import { setImmediate } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import type { FrameSink, FrameSource, SourceStatus, TimeWatch } from './frame-source.ts'
import { PublishedTrades } from './history/published-trades.ts'
import { mixIn, placeMalformed } from './malformed-placement.ts'
import type { PlacedFrame } from './malformed-placement.ts'
import type { MalformedFrame } from './malformed-frames.ts'
import type { Speed } from './pacing.ts'
import { tradeFrame } from './simulated-trade.ts'
import { isTradeStream, streamSymbol } from './source-frame.ts'
import type { SourceFrame } from './source-frame.ts'
import { DerivedNames, parseDerivedStream } from './streams/derived-stream.ts'
import { StreamDeriver } from './streams/stream-deriver.ts'
import { SLICE_MS, SyntheticMarket } from './synthetic-market.ts'

/** Malformed frames are spread over this many first frames of a market: within seconds at the usual rates. */
export const MALFORMED_SPREAD_FRAMES = 1000

/** Market time made at once at most, so that a market that has to catch up leaves room for everything else. */
const MAX_SLICES_PER_STEP = 500
/** Frames handed over at once at most, apart from the last slice. */
const MAX_FRAMES_PER_STEP = 2000

export interface MarketSourceOptions {
  readonly symbols: readonly string[]
  readonly seed: number
  readonly tradesPerSecond: number
  readonly speed: Speed
  /** Market time the market starts at; the clock's time at the first subscription where undefined. */
  readonly startMs: number | undefined
  /** Market time after which there are no more trades; none where undefined. */
  readonly durationMs: number | undefined
  readonly malformed: readonly MalformedFrame[]
  /** Trades that REST can be asked about, over all symbols. */
  readonly historyTrades: number
  readonly clock: Clock
  readonly watch: TimeWatch
}

/**
 * One synthetic market for all connections. It starts with the first subscription, and a connection that comes later
 * joins at the present. Paced, it goes on by the clock whoever listens; at `max` it is made as fast as the slowest
 * connection takes it, and stands still without any.
 */
export class MarketSource implements FrameSource {
  readonly #options: MarketSourceOptions
  readonly #derivedNames: DerivedNames
  readonly #deriver: StreamDeriver
  readonly #placed: readonly PlacedFrame[]
  readonly #published: PublishedTrades
  readonly #sinks = new Set<FrameSink>()
  readonly #ended = Promise.withResolvers<void>()
  #market: SyntheticMarket | undefined
  #startedAtMs = 0
  #marketStartMs = 0
  /** Trades; those of derived streams are not counted. */
  #framesTotal = 0
  #framesSent = 0
  #isRunning = false
  #isStopped = false
  #cancelTimer = () => {}

  constructor(options: MarketSourceOptions) {
    this.#options = options
    this.#derivedNames = new DerivedNames((name) => this.#isDerived(name))
    this.#placed = placeMalformed(options.malformed, MALFORMED_SPREAD_FRAMES, options.seed)
    this.#published = new PublishedTrades(options.symbols, options.historyTrades)
    this.#deriver = new StreamDeriver(this.#published)
  }

  get symbols(): readonly string[] {
    return this.#options.symbols
  }

  hasStream(stream: string): boolean {
    const isTrades = isTradeStream(stream) && this.#published.of(streamSymbol(stream)) !== undefined
    return isTrades || this.#isDerived(stream)
  }

  async serve(sink: FrameSink): Promise<void> {
    if (sink.signal.aborted) return
    this.#sinks.add(sink)
    const gone = new Promise<void>((resolve) => sink.signal.addEventListener('abort', () => resolve(), { once: true }))
    void gone.then(() => this.#sinks.delete(sink))
    this.#run()
    await Promise.race([this.#ended.promise, gone])
    await sink.flushed()
  }

  nowMs(): number {
    return this.#market?.timeMs ?? this.#options.startMs ?? this.#options.clock.nowMs()
  }

  status(): SourceStatus {
    return {
      source: 'synthetic',
      file: null,
      symbols: this.#options.symbols,
      frames_total: this.#framesTotal,
      malformed_total: this.#placed.length,
      trades: tradeCounts(this.#published),
    }
  }

  skipIds(count: number, symbols: readonly string[] | undefined): void {
    this.#market?.skipIds(count, symbols)
  }

  published(): Promise<PublishedTrades> {
    return Promise.resolve(this.#published)
  }

  stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer()
    return Promise.resolve()
  }

  #isDerived(name: string): boolean {
    const stream = parseDerivedStream(name)
    return stream !== undefined && this.#published.of(stream.symbol) !== undefined
  }

  #run(): void {
    if (this.#isRunning || this.#isStopped) return
    this.#isRunning = true
    const { clock, seed, speed, startMs, symbols, tradesPerSecond } = this.#options
    if (this.#market === undefined) {
      this.#startedAtMs = clock.nowMs()
      this.#marketStartMs = startMs ?? this.#startedAtMs
      this.#market = new SyntheticMarket({ symbols, seed, startMs: this.#marketStartMs, tradesPerSecond })
      this.#options.watch.reached(this.#marketStartMs)
    }
    if (speed === 'max') void this.#runAtMax(this.#market)
    else this.#runPaced(this.#market, speed)
  }

  #runPaced(market: SyntheticMarket, speed: number): void {
    const { clock } = this.#options
    const passedMs = (clock.nowMs() - this.#startedAtMs) * speed
    this.#advance(market, this.#marketStartMs + passedMs)
    if (this.#hasEnded(market)) return this.#end(market)
    const nextAtMs = this.#startedAtMs + (market.timeMs + SLICE_MS - this.#marketStartMs) / speed
    const delayMs = Math.max(0, Math.ceil(nextAtMs - clock.nowMs()))
    this.#cancelTimer = clock.after(delayMs, () => this.#runPaced(market, speed))
  }

  async #runAtMax(market: SyntheticMarket): Promise<void> {
    while (this.#sinks.size > 0 && !this.#isStopped && !this.#hasEnded(market)) {
      this.#advance(market, Infinity)
      await setImmediate()
      for (const sink of this.#sinks) await sink.room()
    }
    this.#isRunning = false
    if (this.#hasEnded(market)) this.#end(market)
  }

  /** One step: up to a time, or to the slice in which something is to happen. */
  #advance(market: SyntheticMarket, untilMs: number): void {
    const { watch } = this.#options
    this.#send(this.#makeUntil(market, Math.min(untilMs, watch.nextAtMs() + SLICE_MS)))
    watch.reached(market.timeMs)
  }

  #end(market: SyntheticMarket): void {
    this.#send(this.#deriver.finish(this.#wantedDerived(), market.timeMs))
    this.#ended.resolve()
  }

  /** The next frames, of market time before `untilMs` and the market's end, no more than one step's. */
  #makeUntil(market: SyntheticMarket, untilMs: number): readonly SourceFrame[] {
    const frames: SourceFrame[] = []
    const derived = this.#wantedDerived()
    this.#deriver.open(derived, market.timeMs)
    for (let slices = 0; slices < MAX_SLICES_PER_STEP && frames.length < MAX_FRAMES_PER_STEP; slices += 1) {
      if (market.timeMs + SLICE_MS > untilMs || this.#hasEnded(market)) break
      for (const trade of market.next().trades) {
        this.#published.append(trade)
        frames.push(tradeFrame(trade))
        this.#framesTotal += 1
      }
      if (derived.size > 0) frames.push(...this.#deriver.derive(derived, market.timeMs))
    }
    return frames
  }

  #send(frames: readonly SourceFrame[]): void {
    const mixed = mixIn(frames, this.#framesSent, this.#placed)
    this.#framesSent += frames.length
    if (mixed.length > 0) for (const sink of this.#sinks) sink.send(mixed)
  }

  #wantedDerived(): ReadonlySet<string> {
    return new Set([...this.#sinks].flatMap(({ streams }) => this.#derivedNames.of(streams)))
  }

  #hasEnded(market: SyntheticMarket): boolean {
    const { durationMs } = this.#options
    return durationMs !== undefined && market.timeMs - this.#marketStartMs >= durationMs
  }
}

function tradeCounts(published: PublishedTrades): SourceStatus['trades'] {
  return Object.fromEntries(
    published.symbols.map((symbol) => {
      const ids = published.of(symbol)?.ids
      return [symbol, { count: ids?.count ?? 0, first_id: ids?.first ?? null, last_id: ids?.last ?? null }]
    }),
  )
}
