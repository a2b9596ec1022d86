import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Clock } from './clock.ts'
import { answerControl } from './control-protocol.ts'
import type { ErrorShape, Subscriptions } from './control-protocol.ts'
import { changeTimes } from './frame-times.ts'
import type { FrameSink, FrameSource } from './frame-source.ts'
import { heartbeat } from './heartbeat.ts'
import type { Heartbeat } from './heartbeat.ts'
import { messageLimit } from './message-limit.ts'
import { frameBytes, isTradeStream } from './source-frame.ts'
import type { SourceFrame } from './source-frame.ts'
import type { Opening } from './stream-url.ts'

/** A source waits for the reader when this much is unsent. */
export const HIGH_WATER_BYTES = 1024 * 1024
/** A connection that lets a live market pile up to this is cut. */
export const MAX_UNSENT_BYTES = 16 * 1024 * 1024

export interface ConnectionOptions {
  readonly id: number
  readonly ws: WebSocket
  /** The socket below `ws`. */
  readonly socket: Duplex
  readonly opening: Opening
  readonly source: FrameSource
  readonly clock: Clock
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  readonly errorShape: ErrorShape
  readonly log: (message: string) => void
}

/** One connection, as the status page shows it. */
export interface ConnectionStatus {
  readonly id: number
  readonly streams: readonly string[]
  /** All frames of the source, trades among them, and malformed ones, that were sent. */
  readonly sent: number
  readonly trades_sent: number
  readonly malformed_sent: number
  /** True once it subscribed to a stream that the source has. */
  readonly started: boolean
  /** True when the source is at its end and all has left for the reader. */
  readonly done: boolean
}

/** One client: its subscriptions, limits and heartbeat around a WebSocket. */
export class Connection implements FrameSink {
  readonly #options: ConnectionOptions
  readonly #gone = new AbortController()
  readonly #limit = messageLimit()
  readonly #heartbeat: Heartbeat
  #subscriptions: Subscriptions
  #lastWrite: Promise<void> = Promise.resolve()
  #cancelTimer = () => {}
  #sent = 0
  #tradesSent = 0
  #malformedSent = 0
  #started = false
  #done = false

  constructor(options: ConnectionOptions) {
    const { clock, opening, pingIntervalMs, pongTimeoutMs, ws } = options
    this.#options = options
    this.#subscriptions = { streams: new Set(opening.streams), combined: opening.combined }
    this.#heartbeat = heartbeat({ pingIntervalMs, pongTimeoutMs, startMs: clock.nowMs() })
    ws.on('message', (data) => this.#receive(data))
    ws.on('ping', () => this.#admit())
    ws.on('pong', (payload) => this.#receivePong(payload))
    ws.on('error', (error) => options.log(`connection ${options.id}: ${error.message}`))
    ws.on('close', () => {
      this.#cancelTimer()
      this.#gone.abort()
    })
    this.#beat()
    this.#startWhenSubscribed()
  }

  get signal(): AbortSignal {
    return this.#gone.signal
  }

  send(frames: readonly SourceFrame[]): void {
    const { opening, socket, ws } = this.#options
    if (ws.readyState !== ws.OPEN) return
    const { streams, combined } = this.#subscriptions
    const change = { offsetMs: 0, unit: opening.timeUnit }
    const wanted = frames.filter(({ stream }) => stream === null || streams.has(stream))
    // Corked, a batch leaves in one system call.
    socket.cork()
    for (const [index, frame] of wanted.entries()) {
      const bytes = frame.stream === null ? frame.bytes : changeTimes(frameBytes(frame, combined), change)
      const options = { binary: frame.binary, compress: false }
      if (index < wanted.length - 1) ws.send(bytes, options)
      else this.#lastWrite = new Promise((resolve) => ws.send(bytes, options, () => resolve()))
      this.#count(frame)
    }
    socket.uncork()
    if (socket.writableLength > MAX_UNSENT_BYTES) this.#disconnect('does not read; the market does not wait')
  }

  room(): Promise<void> | undefined {
    return this.#options.socket.writableLength > HIGH_WATER_BYTES ? this.#lastWrite : undefined
  }

  flushed(): Promise<void> {
    return this.#lastWrite
  }

  status(): ConnectionStatus {
    return {
      id: this.#options.id,
      streams: [...this.#subscriptions.streams],
      sent: this.#sent,
      trades_sent: this.#tradesSent,
      malformed_sent: this.#malformedSent,
      started: this.#started,
      done: this.#done,
    }
  }

  #count({ stream }: SourceFrame): void {
    this.#sent += 1
    if (stream === null) this.#malformedSent += 1
    else if (isTradeStream(stream)) this.#tradesSent += 1
  }

  #receive(data: RawData): void {
    if (!this.#admit()) return
    const { errorShape, ws } = this.#options
    const text = Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data as Buffer).toString()
    const { reply, subscriptions } = answerControl(text, this.#subscriptions, errorShape)
    this.#subscriptions = subscriptions
    ws.send(reply)
    this.#startWhenSubscribed()
  }

  #receivePong(payload: Buffer): void {
    this.#limit.notePong(this.#options.clock.nowMs())
    this.#heartbeat.pong(payload.toString())
  }

  #admit(): boolean {
    const { clock, ws } = this.#options
    if (ws.readyState !== ws.OPEN) return false
    const admitted = this.#limit.admits(clock.nowMs())
    if (!admitted) ws.close(1008, 'Too many requests')
    return admitted
  }

  /** The source starts with the first stream it has: a client may open `/ws/0` and subscribe a moment later. */
  #startWhenSubscribed(): void {
    const { id, log, source, ws } = this.#options
    if (this.#started || ![...this.#subscriptions.streams].some((stream) => source.hasStream(stream))) return
    this.#started = true
    source.serve(this).then(
      () => {
        this.#done = !this.signal.aborted
      },
      (error: unknown) => {
        log(`connection ${id}: ${error instanceof Error ? error.message : String(error)}`)
        ws.close(1011, 'Source failed')
      },
    )
  }

  #beat(): void {
    const { clock, ws } = this.#options
    const action = this.#heartbeat.tick(clock.nowMs())
    if (action.kind === 'disconnect') return this.#disconnect('no pong in time')
    if (action.kind === 'ping' && ws.readyState === ws.OPEN) ws.ping(action.payload)
    const delayMs = Math.max(0, this.#heartbeat.nextAtMs() - clock.nowMs())
    this.#cancelTimer = clock.after(delayMs, () => this.#beat())
  }

  #disconnect(reason: string): void {
    const { id, log, ws } = this.#options
    log(`connection ${id}: cut, ${reason}`)
    ws.terminate()
  }
}
