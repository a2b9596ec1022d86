import type { FeedClock } from './feed-clock.ts'
import { openMarketSocket, type MarketSocket, type SocketLimits } from './market-socket.ts'
import { Outbox, type OutgoingMessage } from './outbox.ts'
import type { Subscription } from './stream-url.ts'

export interface LinkEvents {
  /** It is open: streams may bring something from now on. */
  opened(): void
  /** It is open, and all its streams are subscribed to. */
  ready(): void
  frame(bytes: Buffer, binary: boolean): void
  /** Once, and nothing after it. Not called after `drop`. */
  lost(reason: string, retryAfterMs?: number): void
}

export interface LinkOptions {
  readonly subscription: Subscription
  readonly events: LinkEvents
  readonly clock: FeedClock
  readonly limits: SocketLimits
}

/** One connection of a feed: answers pings, subscribes, and sends no more than the exchange takes. */
export class FeedLink {
  readonly #clock: FeedClock
  readonly #socket: MarketSocket
  readonly #outbox = new Outbox()
  readonly #unconfirmed: Set<unknown>
  readonly #events: LinkEvents
  #lastTrafficMs: number
  #isPaused = false
  #cancelTimer: (() => void) | undefined

  constructor({ subscription, events, clock, limits }: LinkOptions) {
    this.#clock = clock
    this.#events = events
    this.#lastTrafficMs = clock.elapsedMs()
    this.#unconfirmed = new Set(subscription.requests.map(({ id }) => id))
    this.#socket = openMarketSocket(
      subscription.url,
      {
        opened: () => {
          for (const { text } of subscription.requests) this.#send({ kind: 'request', text })
          this.#touch()
          events.opened()
          if (this.#unconfirmed.size === 0) events.ready()
        },
        frame: (bytes, binary) => {
          this.#touch()
          events.frame(bytes, binary)
        },
        pinged: (payload) => {
          this.#touch()
          this.#send({ kind: 'pong', payload })
        },
        lost: (reason, retryAfterMs) => {
          this.#cancelTimer?.()
          events.lost(reason, retryAfterMs)
        },
      },
      limits,
    )
  }

  /** When something last arrived; while it is not read, silence is our own doing. */
  get lastTrafficMs(): number {
    return this.#isPaused ? this.#clock.elapsedMs() : this.#lastTrafficMs
  }

  /** A request was answered. */
  confirm(id: unknown): void {
    if (this.#unconfirmed.delete(id) && this.#unconfirmed.size === 0) this.#events.ready()
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#touch()
    this.#socket.resume()
  }

  close(): void {
    this.#cancelTimer?.()
    this.#socket.close()
  }

  drop(): void {
    this.#cancelTimer?.()
    this.#socket.drop()
  }

  #touch(): void {
    this.#lastTrafficMs = this.#clock.elapsedMs()
  }

  #send(message: OutgoingMessage): void {
    this.#outbox.put(message)
    this.#sendDue()
  }

  #sendDue(): void {
    const nowMs = this.#clock.elapsedMs()
    for (let message = this.#outbox.take(nowMs); message !== undefined; message = this.#outbox.take(nowMs)) {
      if (message.kind === 'pong') this.#socket.pong(message.payload)
      else this.#socket.send(message.text)
    }
    if (this.#outbox.isEmpty || this.#cancelTimer !== undefined) return
    this.#cancelTimer = this.#clock.setTimer(Math.max(1, this.#outbox.dueMs - nowMs), () => {
      this.#cancelTimer = undefined
      this.#sendDue()
    })
  }
}
