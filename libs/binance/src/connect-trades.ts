import {
  stepConnection,
  type ConnectionAction,
  type ConnectionEvent,
  type ConnectionPolicy,
  type ConnectionState,
} from './connection-machine.ts'
import { FeedBuffer, type FeedBatch, type FeedBufferLimits } from './feed-buffer.ts'
import { systemClock, type FeedClock } from './feed-clock.ts'
import { defaultMaxFrameBytes, parseFrame, type Frame } from './frame-parser.ts'
import { openMarketSocket, type MarketSocket, type SocketLimits } from './market-socket.ts'
import { tradeStreamUrl } from './stream-url.ts'
import type { FeedCounters, FeedLogger, FeedState, TradeFeed } from './trade-feed.ts'

/** Every limit of a feed; the defaults are `defaultFeedLimits`. */
export interface FeedLimits extends ConnectionPolicy, FeedBufferLimits, SocketLimits {
  /** A larger frame is rejected as `oversized`. */
  readonly maxFrameBytes: number
}

export const defaultFeedLimits: FeedLimits = {
  reconnectDelayMs: 5_000,
  maxReconnectDelayMs: 60_000,
  silenceMs: 65_000,
  stableAfterMs: 30_000,
  maxBufferedFrames: 50_000,
  maxBufferedBytes: 64_000_000,
  maxFrameBytes: defaultMaxFrameBytes,
  maxPayloadBytes: 16 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  closeTimeoutMs: 2_000,
}

export interface ConnectTradesOptions extends Partial<FeedLimits> {
  /** The exchange's address without a path, such as `wss://data-stream.binance.vision`. */
  readonly url: string
  readonly symbols: readonly string[]
  readonly logger?: FeedLogger
  /** Called at each change of state. */
  readonly onState?: (state: FeedState) => void
  readonly clock?: FeedClock
}

/**
 * Connects to the combined stream of the symbols' trades and stays connected: a refused, broken or silent connection is replaced, for
 * ever, after a growing delay. Iterate it once; each step gives everything that arrived since the one before. Where the consumer
 * falls behind by `maxBufferedFrames` or `maxBufferedBytes`, the socket is not read until it has caught up (what one read of the
 * socket brought still comes on top). Trades sent while there is no connection are not delivered. Throws a RangeError for an
 * address or a list of symbols that can't be used.
 */
export function connectTrades(options: ConnectTradesOptions): TradeFeed {
  return new WebSocketTradeFeed(tradeStreamUrl(options.url, options.symbols), options)
}

const silentLogger: FeedLogger = { info: () => undefined, warn: () => undefined }

class WebSocketTradeFeed implements TradeFeed {
  readonly #url: string
  /** For the log: the whole URL can name a thousand symbols. */
  readonly #exchange: string
  readonly #limits: FeedLimits
  readonly #clock: FeedClock
  readonly #logger: FeedLogger
  readonly #onState: (state: FeedState) => void
  readonly #buffer: FeedBuffer
  readonly #counters = { frames: 0, bytes: 0, trades: 0, rejected: 0, replies: 0, other_events: 0, connects: 0 }
  #connection: ConnectionState = { phase: 'idle' }
  #state: FeedState = { phase: 'connecting' }
  #socket: MarketSocket | undefined
  #isPaused = false
  #lastTrafficMs = 0
  #cancelTimer: () => void = () => undefined
  #wakeConsumer: () => void = () => undefined
  #isIterated = false
  readonly #gone = Promise.withResolvers<undefined>()

  constructor(url: string, options: ConnectTradesOptions) {
    this.#url = url
    this.#exchange = options.url
    this.#limits = { ...defaultFeedLimits, ...options }
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#onState = options.onState ?? (() => undefined)
    this.#buffer = new FeedBuffer(this.#limits)
    this.#step({ kind: 'started' })
  }

  get state(): FeedState {
    return this.#state
  }

  get connected(): boolean {
    return this.#state.phase === 'connected'
  }

  get counters(): FeedCounters {
    return { ...this.#counters, reconnects: Math.max(0, this.#counters.connects - 1) }
  }

  stop(): Promise<void> {
    this.#step({ kind: 'stopped' })
    return this.#gone.promise
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FeedBatch, void, undefined> {
    if (this.#isIterated) throw new Error('a trade feed can be iterated once: its trades are handed out once')
    this.#isIterated = true
    try {
      for (;;) {
        const batch = this.#buffer.take()
        this.#readOn()
        if (batch !== undefined) yield batch
        else if (this.#state.phase === 'stopped') return
        else await new Promise<void>((resolve) => (this.#wakeConsumer = resolve))
      }
    } finally {
      await this.stop()
    }
  }

  #step(event: ConnectionEvent): void {
    const context = { nowMs: this.#clock.elapsedMs(), random: this.#clock.random(), policy: this.#limits }
    const before = this.#connection
    const { state, actions } = stepConnection(before, event, context)
    this.#connection = state
    for (const action of actions) this.#act(action)
    if (state.phase === before.phase) return
    if (state.phase === 'connecting' && event.kind !== 'started') this.#enter({ phase: 'connecting' })
    if (state.phase === 'open') this.#opened()
    if (state.phase === 'stopped') this.#stopped()
  }

  #act(action: ConnectionAction): void {
    switch (action.kind) {
      case 'connect':
        this.#isPaused = false
        this.#socket = this.#open()
        return
      case 'drop':
        this.#socket?.drop()
        this.#socket = undefined
        return
      case 'close':
        this.#cancelTimer()
        this.#socket?.close()
        return
      case 'wake-at':
        this.#wakeAt(action.timeMs)
        return
      case 'report-lost': {
        const { reason, retryInMs } = action
        this.#logger.warn(
          { exchange: this.#exchange, retry_in_ms: Math.round(retryInMs) },
          `no trades from the exchange: ${reason}`,
        )
        this.#enter({ phase: 'waiting', reason, retryInMs })
      }
    }
  }

  #open(): MarketSocket {
    const events = {
      opened: () => this.#step({ kind: 'opened' }),
      frame: (bytes: Buffer, binary: boolean) => this.#receive(bytes, binary),
      pinged: () => {
        this.#lastTrafficMs = this.#clock.elapsedMs()
      },
      lost: (reason: string) => {
        this.#socket = undefined
        if (this.#connection.phase === 'stopped') this.#gone.resolve(undefined)
        else this.#step({ kind: 'lost', reason })
      },
    }
    return openMarketSocket(this.#url, events, this.#limits)
  }

  #wakeAt(timeMs: number): void {
    this.#cancelTimer()
    const delayMs = Math.max(0, timeMs - this.#clock.elapsedMs())
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      // While we do not read, silence is our own doing.
      if (this.#isPaused) this.#lastTrafficMs = this.#clock.elapsedMs()
      this.#step({ kind: 'woken', lastTrafficMs: this.#lastTrafficMs })
    })
  }

  #opened(): void {
    this.#lastTrafficMs = this.#clock.elapsedMs()
    this.#counters.connects++
    this.#logger.info({ exchange: this.#exchange }, 'connected to the exchange')
    if (this.#buffer.isFull) this.#pause()
    this.#enter({ phase: 'connected' })
  }

  #stopped(): void {
    if (this.#socket === undefined) this.#gone.resolve(undefined)
    this.#enter({ phase: 'stopped' })
    this.#wakeConsumer()
  }

  #enter(state: FeedState): void {
    this.#state = state
    this.#onState(state)
  }

  #receive(bytes: Buffer, binary: boolean): void {
    if (this.#connection.phase !== 'open') return
    this.#lastTrafficMs = this.#clock.elapsedMs()
    this.#counters.frames++
    this.#counters.bytes += bytes.length
    const { maxFrameBytes } = this.#limits
    this.#place(parseFrame(bytes, { binary, receivedAtMs: this.#clock.nowMs(), maxFrameBytes }), bytes.length)
  }

  #place(frame: Frame, bytes: number): void {
    switch (frame.kind) {
      case 'trade':
        this.#counters.trades++
        break
      case 'rejected':
        this.#counters.rejected++
        break
      case 'reply':
        this.#counters.replies++
        if (frame.error !== undefined)
          this.#logger.warn({ ...frame.error, id: frame.id }, 'the exchange refused a request')
        return
      case 'other-event':
        this.#counters.other_events++
        if (frame.event === 'serverShutdown') this.#announceEnd()
        return
    }
    this.#buffer.add(frame, bytes)
    if (this.#buffer.isFull) this.#pause()
    this.#wakeConsumer()
  }

  #announceEnd(): void {
    this.#logger.info(
      { exchange: this.#exchange },
      'the exchange will close this connection soon; a new one follows at once',
    )
    this.#step({ kind: 'end-announced' })
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket?.pause()
  }

  #readOn(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#lastTrafficMs = this.#clock.elapsedMs()
    this.#socket?.resume()
  }
}
