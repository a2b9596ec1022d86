import type { Clock } from '@tidemark/exchange-simulator'
import { WebSocket, type RawData } from 'ws'

export interface ConnectionEvents {
  connected(): void
  frame(bytes: Buffer, binary: boolean): void
  /** It is made again after `reconnectMs`. */
  lost(reason: string): void
}

export interface ConnectionOptions {
  readonly url: string
  readonly events: ConnectionEvents
  readonly clock: Clock
  /** Default 5,000. */
  readonly reconnectMs?: number
  /** A connection that brings nothing for so long, not even a ping, is dead. Default 65,000: the exchange pings every 20 s. */
  readonly silenceMs?: number
}

/** A WebSocket that is made anew, for ever, when it ends. Nothing is lost silently: what was sent in between is missing, and `lost` says so. */
export class StreamConnection {
  readonly #options: ConnectionOptions
  #socket: WebSocket | undefined
  #isStopped = false
  #cancelTimer: () => void = () => undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#connect()
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelTimer()
    this.#socket?.terminate()
  }

  #connect(): void {
    const { url, events } = this.#options
    const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true })
    let failure: string | undefined
    let isAlive = true
    this.#socket = socket
    socket.on('open', () => {
      this.#watch(() => {
        const wasAlive = isAlive || socket.isPaused
        isAlive = false
        if (!wasAlive) failure = 'it was silent, without even a ping'
        return wasAlive
      })
      events.connected()
    })
    socket.on('message', (data: RawData, binary: boolean) => {
      isAlive = true
      if (!this.#isStopped) events.frame(data as Buffer, binary)
    })
    socket.on('ping', () => (isAlive = true))
    socket.on('error', (error) => (failure ??= error.message))
    socket.on('close', (code) => this.#lost(failure ?? `it was closed with code ${code}`))
  }

  #watch(isAlive: () => boolean): void {
    const { clock, silenceMs = 65_000 } = this.#options
    this.#cancelTimer = clock.after(silenceMs, () => {
      if (isAlive()) this.#watch(isAlive)
      else this.#socket?.terminate()
    })
  }

  #lost(reason: string): void {
    if (this.#isStopped) return
    const { clock, events, reconnectMs = 5_000 } = this.#options
    this.#cancelTimer()
    this.#cancelTimer = clock.after(reconnectMs, () => this.#connect())
    events.lost(reason)
  }
}
