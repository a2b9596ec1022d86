import { ConnectBudget } from './connect-budget.ts'
import { ConnectionSlot, type ConnectionPolicy, type SlotAction, type SlotEvent } from './connection-slot.ts'
import type { FeedClock } from './feed-clock.ts'
import { FeedLink } from './feed-link.ts'
import type { SocketLimits } from './market-socket.ts'
import { maxStreamsPerConnection, tradeSubscription } from './stream-url.ts'

export interface LinkSetEvents {
  /** The link is open: it may bring trades of these symbols, though not of all of them yet. */
  opened(link: number, symbols: readonly string[]): void
  /** The link brings all of its symbols. */
  ready(link: number): void
  frame(link: number, bytes: Buffer, binary: boolean): void
  /** The link brings nothing any more; called for each link that was ready, and for those that never were. */
  gone(link: number): void
  lost(reason: string, retryInMs: number): void
}

export interface LinkSetOptions {
  readonly url: string
  /** How many connections bring the same streams. */
  readonly copies: number
  readonly limits: ConnectionPolicy & SocketLimits
  readonly clock: FeedClock
  readonly events: LinkSetEvents
}

/** A set of streams, over as many connections as there are copies. */
interface Group {
  symbols: string[]
  readonly slots: ConnectionSlot[]
}

interface OpenLink {
  readonly link: FeedLink
  readonly slot: ConnectionSlot
}

/** All connections of a feed: keeps each slot connected, with the streams that are wanted now. */
export class LinkSet {
  readonly #options: LinkSetOptions
  readonly #budget = new ConnectBudget()
  readonly #groups: Group[] = []
  readonly #links = new Map<number, OpenLink>()
  readonly #closing = new Set<FeedLink>()
  #lastLink = 0
  #isPaused = false
  #cancelTimer: () => void = () => undefined
  #isStopped = false
  readonly #gone = Promise.withResolvers<undefined>()

  constructor(options: LinkSetOptions) {
    this.#options = options
  }

  /** Resolves when it was stopped and no connection is left. */
  get gone(): Promise<undefined> {
    return this.#gone.promise
  }

  /** All streams are connected, each at least once. */
  get isReady(): boolean {
    return this.#groups.every(({ slots }) => slots.some((slot) => slot.isReady))
  }

  /** Makes the streams those of these symbols. Connections whose streams change are replaced without a break. */
  setSymbols(symbols: readonly string[]): void {
    const wanted = new Set(symbols)
    const changed = new Set<Group>()
    for (const group of this.#groups) {
      const kept = group.symbols.filter((symbol) => wanted.delete(symbol))
      if (kept.length < group.symbols.length) changed.add(group)
      group.symbols = kept
    }
    const added = [...wanted]
    for (const group of this.#groups) {
      const fitting = added.splice(0, maxStreamsPerConnection - group.symbols.length)
      if (fitting.length > 0) changed.add(group)
      group.symbols.push(...fitting)
    }
    for (const group of changed) {
      for (const slot of group.slots) this.#step(slot, { kind: group.symbols.length > 0 ? 'replaced' : 'stopped' })
      if (group.symbols.length === 0) this.#groups.splice(this.#groups.indexOf(group), 1)
    }
    while (added.length > 0) this.#addGroup(added.splice(0, maxStreamsPerConnection))
  }

  /** The exchange will close this link soon. */
  endAnnounced(link: number): void {
    const open = this.#links.get(link)
    if (open !== undefined) this.#step(open.slot, { kind: 'end-announced', link })
  }

  /** A link is open, but does not bring what it should. */
  deaf(link: number): void {
    const open = this.#links.get(link)
    if (open !== undefined) this.#step(open.slot, { kind: 'deaf', link })
  }

  confirm(link: number, requestId: unknown): void {
    this.#links.get(link)?.link.confirm(requestId)
  }

  pause(): void {
    this.#isPaused = true
    for (const { link } of this.#links.values()) link.pause()
  }

  resume(): void {
    this.#isPaused = false
    for (const { link } of this.#links.values()) link.resume()
  }

  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#cancelTimer()
    for (const { slots } of this.#groups) for (const slot of slots) this.#step(slot, { kind: 'stopped' })
    this.#checkGone()
  }

  #addGroup(symbols: string[]): void {
    const { copies, limits } = this.#options
    const group = { symbols, slots: Array.from({ length: copies }, () => new ConnectionSlot(limits)) }
    this.#groups.push(group)
    for (const slot of group.slots) this.#step(slot, { kind: 'started' })
  }

  #step(slot: ConnectionSlot, event: SlotEvent): void {
    const { clock } = this.#options
    const nowMs = clock.elapsedMs()
    const actions = slot.step(event, {
      nowMs,
      random: clock.random(),
      newLink: () => ++this.#lastLink,
      lastTrafficMs: this.#lastTrafficMs,
      takeAttempt: () => this.#budget.take(nowMs),
    })
    for (const action of actions) this.#act(slot, action)
    this.#armTimer()
  }

  #act(slot: ConnectionSlot, action: SlotAction): void {
    switch (action.kind) {
      case 'open':
        return this.#open(slot, action.link)
      case 'drop':
        this.#links.get(action.link)?.link.drop()
        return this.#forget(action.link)
      case 'close':
        return this.#close(action.link)
      case 'report-lost':
        return this.#options.events.lost(action.reason, action.retryInMs)
    }
  }

  #open(slot: ConnectionSlot, id: number): void {
    const { url, clock, limits, events } = this.#options
    const symbols = [...(this.#groups.find(({ slots }) => slots.includes(slot))?.symbols ?? [])]
    const isCurrent = (): boolean => this.#links.get(id)?.link === link
    const link: FeedLink = new FeedLink({
      subscription: tradeSubscription(url, symbols),
      clock,
      limits,
      events: {
        opened: () => {
          if (!isCurrent()) return
          if (this.#isPaused) link.pause()
          events.opened(id, symbols)
        },
        ready: () => {
          if (!isCurrent()) return
          this.#step(slot, { kind: 'ready', link: id })
          events.ready(id)
        },
        frame: (bytes, binary) => {
          if (isCurrent()) events.frame(id, bytes, binary)
        },
        lost: (reason, retryAfterMs) => {
          this.#closing.delete(link)
          if (isCurrent()) {
            this.#forget(id)
            this.#step(slot, { kind: 'lost', link: id, reason, retryAfterMs })
          }
          this.#checkGone()
        },
      },
    })
    this.#links.set(id, { link, slot })
  }

  #close(id: number): void {
    const open = this.#links.get(id)
    if (open === undefined) return
    this.#closing.add(open.link)
    this.#forget(id)
    open.link.close()
  }

  #forget(id: number): void {
    if (this.#links.delete(id)) this.#options.events.gone(id)
  }

  #checkGone(): void {
    if (this.#isStopped && this.#links.size === 0 && this.#closing.size === 0) this.#gone.resolve(undefined)
  }

  readonly #lastTrafficMs = (link: number): number => this.#links.get(link)?.link.lastTrafficMs ?? -Infinity

  #armTimer(): void {
    if (this.#isStopped) return
    const slots = this.#groups.flatMap((group) => group.slots)
    const dueMs = Math.min(...slots.map((slot) => slot.dueMs(this.#lastTrafficMs)))
    this.#cancelTimer()
    if (dueMs === Infinity) return
    const { clock } = this.#options
    this.#cancelTimer = clock.setTimer(Math.max(0, dueMs - clock.elapsedMs()), () => {
      for (const slot of slots) this.#step(slot, { kind: 'woken' })
    })
  }
}
