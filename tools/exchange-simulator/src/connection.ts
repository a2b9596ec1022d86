import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Clock } from './clock.ts'
import { answerControl } from './control-protocol.ts'
import type { ErrorShape, Subscriptions } from './control-protocol.ts'
import { changeTimes } from './frame-times.ts'
import type { LinkFault } from './faults/fault.ts'
import type { FaultyConnection } from './faults/fault-injector.ts'
import { LinkFaults } from './faults/link-faults.ts'
import type { FrameSink, FrameSource } from './frame-source.ts'
import { heartbeat } from './heartbeat.ts'
import type { Heartbeat } from './heartbeat.ts'
import { messageLimit } from './message-limit.ts'
import { seededRandom } from './seeded-random.ts'
import { frameBytes, isTradeStream } from './source-frame.ts'
import type { SourceFrame } from './source-frame.ts'
import type { Opening } from './stream-url.ts'
import { wireFrames } from './wire-frames.ts'

/** Close code at the end of a connection's life; the exchange's own is not documented. */
const GOING_AWAY = 1001

/** A source waits for the reader when this much is unsent. */
export const HIGH_WATER_BYTES = 1024 * 1024
/** A connection that lets a live market pile up to this is cut. */
export const MAX_UNSENT_BYTES = 16 * 1024 * 1024

/** How long a connection lives. */
export const CONNECTION_LIFE_MS = 24 * 3_600_000

/** What is the same for all connections. */
export interface ConnectionSettings {
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  /** How long a connection may live. */
  readonly lifeMs: number
  readonly errorShape: ErrorShape
  /** Decides what faults leave to chance. */
  readonly seed: number
  readonly log: (message: string) => void
}

export interface ConnectionOptions {
  readonly id: number
  readonly ws: WebSocket
  /** The socket below `ws`. */
  readonly socket: Duplex
  readonly opening: Opening
  readonly source: FrameSource
  readonly clock: Clock
  readonly settings: ConnectionSettings
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

/** One client: its subscriptions, limits and heartbeat around a WebSocket, and what goes wrong with it. */
export class Connection implements FrameSink, FaultyConnection {
  readonly id: number
  readonly #options: ConnectionOptions
  readonly #gone = new AbortController()
  readonly #limit = messageLimit()
  readonly #heartbeat: Heartbeat
  readonly #linkFaults: LinkFaults
  readonly #cancels = new Set<() => void>()
  #subscriptions: Subscriptions
  #lastWrite: Promise<void> = Promise.resolve()
  #pongDelay = { delayMs: 0, untilMs: -Infinity }
  #sent = 0
  #tradesSent = 0
  #malformedSent = 0
  #started = false
  #done = false

  constructor(options: ConnectionOptions) {
    const { clock, id, opening, settings, ws } = options
    const { lifeMs, log, pingIntervalMs, pongTimeoutMs, seed } = settings
    this.id = id
    this.#options = options
    this.#subscriptions = { streams: new Set(opening.streams), combined: opening.combined }
    this.#heartbeat = heartbeat({ pingIntervalMs, pongTimeoutMs, startMs: clock.nowMs() })
    this.#linkFaults = new LinkFaults(seededRandom(seed, `connection ${id}`))
    ws.on('message', (data) => this.#receive(data))
    ws.on('ping', (payload) => this.#receivePing(payload))
    ws.on('pong', (payload) => this.#receivePong(payload))
    ws.on('error', (error) => log(`connection ${id}: ${error.message}`))
    ws.on('close', () => {
      for (const cancel of this.#cancels) cancel()
      this.#gone.abort()
    })
    this.#after(lifeMs, () => this.expire())
    this.#beat()
    this.#startWhenSubscribed()
  }

  get streams(): ReadonlySet<string> {
    return this.#subscriptions.streams
  }

  get signal(): AbortSignal {
    return this.#gone.signal
  }

  send(frames: readonly SourceFrame[]): void {
    const { streams } = this
    const wanted = frames.filter(({ stream }) => stream === null || streams.has(stream))
    this.#write(this.#linkFaults.pass(wanted))
    if (this.#options.socket.writableLength > MAX_UNSENT_BYTES) {
      this.#disconnect('does not read; the market does not wait')
    }
  }

  room(): Promise<void> | undefined {
    return this.#options.socket.writableLength > HIGH_WATER_BYTES ? this.#lastWrite : undefined
  }

  flushed(): Promise<void> {
    this.#write(this.#linkFaults.flush())
    return this.#lastWrite
  }

  cut(): void {
    this.#options.ws.terminate()
  }

  expire(): void {
    this.#options.ws.close(GOING_AWAY)
  }

  announceShutdown(leadMs: number): void {
    const { source, ws } = this.#options
    const event = `{"e":"serverShutdown","E":${source.nowMs()}}`
    ws.send(this.#subscriptions.combined ? `{"stream":"!serverShutdown","data":${event}}` : event)
    this.#after(leadMs, () => this.cut())
  }

  /** A corked socket keeps all that is written to it, and still counts it. */
  stall(forMs: number): void {
    const { socket } = this.#options
    socket.cork()
    this.#after(forMs, () => socket.uncork())
  }

  delayPongs(delayMs: number, forMs: number): void {
    this.#pongDelay = { delayMs, untilMs: this.#options.clock.nowMs() + forMs }
  }

  degrade(fault: LinkFault): void {
    this.#linkFaults.add(fault)
  }

  status(): ConnectionStatus {
    return {
      id: this.id,
      streams: [...this.#subscriptions.streams],
      sent: this.#sent,
      trades_sent: this.#tradesSent,
      malformed_sent: this.#malformedSent,
      started: this.#started,
      done: this.#done,
    }
  }

  #write(frames: readonly SourceFrame[]): void {
    const { opening, socket, ws } = this.#options
    if (frames.length === 0 || ws.readyState !== ws.OPEN) return
    const { combined } = this.#subscriptions
    const change = { offsetMs: 0, unit: opening.timeUnit }
    const payloads = frames.map((frame) => {
      const bytes = frame.stream === null ? frame.bytes : changeTimes(frameBytes(frame, combined), change)
      return { bytes, binary: frame.binary }
    })
    this.#lastWrite = new Promise((resolve) => socket.write(wireFrames(payloads), () => resolve()))
    for (const frame of frames) this.#count(frame)
  }

  #count({ stream }: SourceFrame): void {
    this.#sent += 1
    if (stream === null) this.#malformedSent += 1
    else if (isTradeStream(stream)) this.#tradesSent += 1
  }

  #receive(data: RawData): void {
    if (!this.#admit()) return
    const { settings, ws } = this.#options
    const text = Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data as Buffer).toString()
    const { reply, subscriptions } = answerControl(text, this.#subscriptions, settings.errorShape)
    this.#subscriptions = subscriptions
    ws.send(reply)
    this.#startWhenSubscribed()
  }

  #receivePing(payload: Buffer): void {
    const { clock, ws } = this.#options
    if (!this.#admit()) return
    const { delayMs, untilMs } = this.#pongDelay
    if (clock.nowMs() < untilMs) this.#after(delayMs, () => ws.pong(payload))
    else ws.pong(payload)
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
    const { settings, source, ws } = this.#options
    if (this.#started || ![...this.#subscriptions.streams].some((stream) => source.hasStream(stream))) return
    this.#started = true
    source.serve(this).then(
      () => {
        this.#done = !this.signal.aborted
      },
      (error: unknown) => {
        settings.log(`connection ${this.id}: ${error instanceof Error ? error.message : String(error)}`)
        ws.close(1011, 'Source failed')
      },
    )
  }

  #beat(): void {
    const { clock, ws } = this.#options
    const action = this.#heartbeat.tick(clock.nowMs())
    if (action.kind === 'disconnect') return this.#disconnect('no pong in time')
    if (action.kind === 'ping' && ws.readyState === ws.OPEN) ws.ping(action.payload)
    this.#after(Math.max(0, this.#heartbeat.nextAtMs() - clock.nowMs()), () => this.#beat())
  }

  /** Runs later, unless the connection is gone by then. */
  #after(delayMs: number, run: () => void): void {
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#cancels.delete(cancel)
      run()
    })
    this.#cancels.add(cancel)
  }

  #disconnect(reason: string): void {
    this.#options.settings.log(`connection ${this.id}: cut, ${reason}`)
    this.cut()
  }
}
