/** Messages a connection may send within a second, pongs among them, before the exchange cuts it. */
export const maxMessages = 5
/** A little more than the second, since what is sent evenly may arrive unevenly. */
export const messageWindowMs = 1_100

/** What a connection has to say: the answer to a ping, or a request. */
export type OutgoingMessage =
  { readonly kind: 'pong'; readonly payload: Buffer } | { readonly kind: 'request'; readonly text: string }

/** Messages on their way out, no more than the exchange takes. Pongs go first; only the last ping needs one. Pure: time is passed in. */
export class Outbox {
  #pong: OutgoingMessage | undefined
  readonly #requests: OutgoingMessage[] = []
  readonly #sentMs: number[] = []

  put(message: OutgoingMessage): void {
    if (message.kind === 'pong') this.#pong = message
    else this.#requests.push(message)
  }

  /** The next message, if there is one and it may be sent now. */
  take(nowMs: number): OutgoingMessage | undefined {
    if (nowMs < this.dueMs) return undefined
    const message = this.#pong ?? this.#requests.shift()
    if (message === undefined) return undefined
    if (message === this.#pong) this.#pong = undefined
    this.#sentMs.push(nowMs)
    if (this.#sentMs.length > maxMessages) this.#sentMs.shift()
    return message
  }

  get isEmpty(): boolean {
    return this.#pong === undefined && this.#requests.length === 0
  }

  /** From when on the next message may be sent. */
  get dueMs(): number {
    if (this.#sentMs.length < maxMessages) return -Infinity
    return (this.#sentMs[0] as number) + messageWindowMs
  }
}
