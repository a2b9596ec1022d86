import type { Trade } from '@tidemark/schemas'
import { Continuity, type SymbolStart } from './continuity/continuity.ts'
import { FeedBuffer, type FeedBatch, type FeedItem } from './feed-buffer.ts'
import { systemClock, type FeedClock } from './feed-clock.ts'
import { defaultFeedLimits, type FeedLimits } from './feed-limits.ts'
import { parseFrame, type RejectedFrame, type ReplyFrame } from './frame-parser.ts'
import { HistoryDriver } from './history-driver.ts'
import { LinkSet } from './link-set.ts'
import { tradeSubscription } from './stream-url.ts'
import type { FeedCounters, FeedLogger, FeedState, TradeFeed } from './trade-feed.ts'
import type { RejectedTrade, TradeHistory } from './trade-history.ts'
import { UnreadLag } from './unread-lag.ts'

export interface ConnectTradesOptions extends Partial<FeedLimits> {
  /** The exchange's address without a path, such as `wss://data-stream.binance.vision`. */
  readonly url: string
  readonly symbols: readonly string[]
  /** How many connections bring the same trades; what one loses comes from another. Default 1. */
  readonly connections?: number
  /** Where missing trades are asked for; without it they are given up. */
  readonly history?: TradeHistory
  /** Where each symbol was left off; a symbol without begins at its first trade. */
  readonly starts?: ReadonlyMap<string, SymbolStart>
  readonly logger?: FeedLogger
  /** Called with each trade that a connection brings, also one that came before. */
  readonly onReceived?: (trade: Trade) => void
  /** Called at each change of state. */
  readonly onState?: (state: FeedState) => void
  readonly clock?: FeedClock
}

/** How often the machines are asked whether something is due. */
const tickMs = 100
/** What a trade is taken for in the buffer. */
const tradeBytes = 200

/**
 * Follows the trades of the symbols and stays connected: a refused, broken, silent or old connection is replaced, for ever. Iterate it
 * once; each step gives everything since the one before: the trades of a symbol in ascending order of ids, each once, and what is
 * missing between them as gaps. Where the consumer falls behind by `maxBufferedFrames` or `maxBufferedBytes`, sockets are
 * not read, until reading is `maxPauseMs` behind; then what does not fit is dropped, and asked for later. Throws a RangeError for an address or
 * a list of symbols that can't be used.
 */
export function connectTrades(options: ConnectTradesOptions): TradeFeed {
  tradeSubscription(options.url, options.symbols.slice(0, 1))
  return new WebSocketTradeFeed(options)
}

const silentLogger: FeedLogger = { info: () => undefined, warn: () => undefined }

class WebSocketTradeFeed implements TradeFeed {
  readonly #exchange: string
  readonly #limits: FeedLimits
  readonly #clock: FeedClock
  readonly #logger: FeedLogger
  readonly #onState: (state: FeedState) => void
  readonly #onReceived: (trade: Trade) => void
  readonly #buffer: FeedBuffer
  readonly #continuity: Continuity
  readonly #links: LinkSet
  readonly #driver: HistoryDriver
  readonly #counters = {
    frames: 0,
    bytes: 0,
    trades: 0,
    rejected: 0,
    replies: 0,
    other_events: 0,
    connects: 0,
    dropped: 0,
  }
  #symbols: readonly string[] = []
  #state: FeedState = { phase: 'connecting' }
  readonly #unread: UnreadLag
  /** What there is no room for is dropped, and the sockets are read, until nothing is left of what had piled up. */
  #isDropping = false
  #cancelTick: () => void = () => undefined
  #wakeConsumer: () => void = () => undefined
  #isIterated = false
  #failure: { readonly error: unknown } | undefined

  constructor(options: ConnectTradesOptions) {
    const { history } = options
    this.#exchange = options.url
    this.#limits = { ...defaultFeedLimits, ...options }
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#onState = options.onState ?? (() => undefined)
    this.#onReceived = options.onReceived ?? (() => undefined)
    this.#buffer = new FeedBuffer(this.#limits)
    this.#unread = new UnreadLag(this.#clock.elapsedMs())
    this.#continuity = new Continuity({
      limits: this.#limits,
      hasHistory: history !== undefined,
      output: {
        trade: (trade) => this.#put({ kind: 'trade', trade }, tradeBytes),
        gap: (gap) => this.#put({ kind: 'gap', gap }, tradeBytes),
        rejected: (rejected) => this.#rejectRow(rejected),
        heartbeat: (symbol, watermarkMs) => this.#put({ kind: 'heartbeat', symbol, watermarkMs }, tradeBytes),
        wentBack: (trade, lastId) => this.#tellWentBack(trade, lastId),
      },
    })
    this.#driver = new HistoryDriver({
      history,
      continuity: this.#continuity,
      clock: this.#clock,
      logger: this.#logger,
      onAnswer: () => this.#drive(),
      onFailure: (error) => this.#fail(error),
    })
    this.#links = new LinkSet({
      url: options.url,
      copies: options.connections ?? 1,
      limits: this.#limits,
      clock: this.#clock,
      events: {
        opened: (link, symbols) => this.#continuity.connected(link, symbols, this.#clock.elapsedMs()),
        ready: (link) => this.#ready(link),
        frame: (link, bytes, binary) => this.#receive(link, bytes, binary),
        gone: (link) => this.#continuity.disconnected(link),
        lost: (reason, retryInMs) => this.#lost(reason, retryInMs),
      },
    })
    this.setSymbols(options.symbols, options.starts ?? new Map())
    this.#tick()
  }

  get state(): FeedState {
    return this.#state
  }

  get connected(): boolean {
    return this.#state.phase === 'connected'
  }

  get counters(): FeedCounters {
    const { duplicates, held, openHoles, inDoubt, wentBack } = this.#continuity.figures
    return {
      ...this.#counters,
      reconnects: Math.max(0, this.#counters.connects - 1),
      duplicates,
      held,
      open_holes: openHoles,
      in_doubt: inDoubt,
      went_back: wentBack,
      buffered: this.#buffer.length,
    }
  }

  setSymbols(symbols: readonly string[], starts: ReadonlyMap<string, SymbolStart>): void {
    if (this.#state.phase === 'stopped') return
    const wanted = new Set(symbols)
    for (const symbol of this.#symbols) if (!wanted.has(symbol)) this.#continuity.remove(symbol)
    for (const symbol of wanted) if (!this.#continuity.has(symbol)) this.#continuity.add(symbol, starts.get(symbol))
    this.#symbols = [...wanted]
    this.#links.setSymbols(this.#symbols)
  }

  take(): FeedBatch | undefined {
    const batch = this.#buffer.take()
    this.#readOn()
    return batch
  }

  async stop(): Promise<void> {
    if (this.#state.phase !== 'stopped') {
      this.#cancelTick()
      this.#driver.stop()
      this.#links.stop()
      this.#enter({ phase: 'stopped' })
      this.#wakeConsumer()
    }
    await this.#links.gone
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FeedBatch, void, undefined> {
    if (this.#isIterated) throw new Error('a trade feed can be iterated once: its trades are handed out once')
    this.#isIterated = true
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure.error
        const batch = this.take()
        if (batch !== undefined) yield batch
        else if (this.#state.phase === 'stopped') return
        else await new Promise<void>((resolve) => (this.#wakeConsumer = resolve))
      }
    } finally {
      await this.stop()
    }
  }

  #tick(): void {
    const nowMs = this.#clock.elapsedMs()
    if (this.#unread.isPaused && this.#unread.lagMs(nowMs) >= this.#limits.maxPauseMs) this.#startDropping()
    this.#drive()
    for (const link of this.#continuity.deaf(nowMs)) this.#links.deaf(link)
    if (!this.#buffer.isFull) this.#continuity.putHeartbeats()
    this.#cancelTick = this.#clock.setTimer(tickMs, () => this.#tick())
  }

  /** Asks for what is missing, as long as there is room for it. */
  #drive(): void {
    if (!this.#buffer.isFull) this.#driver.drive()
  }

  #ready(link: number): void {
    this.#counters.connects++
    this.#logger.info({ exchange: this.#exchange }, 'connected to the exchange')
    this.#continuity.subscribed(link, this.#clock.elapsedMs())
    if (this.#links.isReady) this.#enter({ phase: 'connected' })
  }

  #lost(reason: string, retryInMs: number): void {
    const fields = { exchange: this.#exchange, retry_in_ms: Math.round(retryInMs) }
    this.#logger.warn(fields, `lost a connection to the exchange: ${reason}`)
    if (!this.#links.isReady) this.#enter({ phase: 'waiting', reason, retryInMs })
  }

  #enter(state: FeedState): void {
    if (this.#state.phase === 'stopped' || (this.#state.phase === 'connected' && state.phase === 'connected')) return
    this.#state = state
    this.#onState(state)
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wakeConsumer()
  }

  #receive(link: number, bytes: Buffer, binary: boolean): void {
    this.#counters.frames++
    this.#counters.bytes += bytes.length
    const { maxFrameBytes } = this.#limits
    const frame = parseFrame(bytes, { binary, receivedAtMs: this.#clock.nowMs(), maxFrameBytes })
    const nowMs = this.#clock.elapsedMs()
    const hasRoom = !this.#isDropping || !this.#buffer.isFull
    switch (frame.kind) {
      case 'trade':
        this.#counters.trades++
        this.#onReceived(frame.trade)
        if (hasRoom) return this.#continuity.receive(link, frame.trade, nowMs)
        this.#counters.dropped++
        return this.#continuity.dropped(link, frame.trade, nowMs)
      case 'rejected':
        return this.#reject(link, frame, hasRoom)
      case 'reply':
        return this.#confirm(link, frame)
      case 'other-event':
        this.#counters.other_events++
        if (frame.event === 'serverShutdown') this.#announceEnd(link)
    }
  }

  #reject(link: number, frame: RejectedFrame, hasRoom: boolean): void {
    this.#counters.rejected++
    this.#continuity.unreadable(link, this.#clock.elapsedMs())
    if (hasRoom) this.#put(frame, frame.bytes.length)
    else this.#counters.dropped++
  }

  #rejectRow(row: RejectedTrade): void {
    this.#counters.rejected++
    this.#put(row, row.bytes.length)
  }

  #confirm(link: number, { id, error }: ReplyFrame): void {
    this.#counters.replies++
    if (error !== undefined) this.#logger.warn({ ...error, id }, 'the exchange refused a request')
    else this.#links.confirm(link, id)
  }

  #announceEnd(link: number): void {
    const message = 'the exchange will close this connection soon; a new one takes its place at once'
    this.#logger.info({ exchange: this.#exchange }, message)
    this.#links.endAnnounced(link)
  }

  #tellWentBack({ symbol, trade_id: tradeId }: Trade, lastId: number): void {
    const message =
      `${symbol} has new trades with ids below those that it had: is this another exchange, or one that has begun anew? ` +
      'None of them is taken: its position has to be taken away'
    this.#logger.warn({ exchange: this.#exchange, symbol, trade_id: tradeId, last_trade_id: lastId }, message)
  }

  #put(item: FeedItem, bytes: number): void {
    this.#buffer.add(item, bytes)
    if (this.#buffer.isFull) this.#pause()
    this.#wakeConsumer()
  }

  #pause(): void {
    if (this.#unread.isPaused || this.#isDropping) return
    this.#unread.pause(this.#clock.elapsedMs())
    this.#links.pause()
  }

  #startDropping(): void {
    this.#isDropping = true
    this.#logger.warn({ buffered: this.#buffer.length }, 'trades are not taken: what comes now is asked for later')
    this.#resume()
  }

  #readOn(): void {
    if (this.#unread.isPaused) this.#resume()
    else if (this.#unread.lagMs(this.#clock.elapsedMs()) === 0) this.#isDropping = false
  }

  #resume(): void {
    this.#unread.readOn(this.#clock.elapsedMs())
    this.#links.resume()
  }
}
