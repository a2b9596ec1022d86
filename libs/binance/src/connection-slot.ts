import { reconnectDelay, type ReconnectPolicy } from './reconnect-delay.ts'

export interface ConnectionPolicy extends ReconnectPolicy {
  /** A connection that brought nothing at all for this long, not even a ping, is dead. The exchange pings every 20 s. */
  readonly silenceMs: number
  /** A connection that lived this long was a good one: the next failure counts as the first. */
  readonly stableAfterMs: number
  /** A connection is replaced at this age, or up to a twentieth earlier: the exchange cuts it after 24 h. */
  readonly rotateAfterMs: number
  /** How long a replaced connection goes on beside its successor. */
  readonly overlapMs: number
  /** How long a connection may take until all of its streams are subscribed to. */
  readonly openTimeoutMs: number
}

/** `link` names one connection. */
export type SlotEvent =
  | { readonly kind: 'started' }
  /** It is open, and brings all of its streams. */
  | { readonly kind: 'ready'; readonly link: number }
  /** It ended, or could not be made; the exchange wants no other before `retryAfterMs`, where it says so. */
  | {
      readonly kind: 'lost'
      readonly link: number
      readonly reason: string
      readonly retryAfterMs?: number | undefined
    }
  /** It is open, but does not bring what it should. */
  | { readonly kind: 'deaf'; readonly link: number }
  /** The exchange said that it will close this connection soon. */
  | { readonly kind: 'end-announced'; readonly link: number }
  /** Other streams are wanted: a new connection takes the place of the one there is. */
  | { readonly kind: 'replaced' }
  /** Time has passed: `dueMs`, or more. */
  | { readonly kind: 'woken' }
  | { readonly kind: 'stopped' }

export type SlotAction =
  | { readonly kind: 'open'; readonly link: number }
  /** End it without waiting for the other side, and report nothing more of it. */
  | { readonly kind: 'drop'; readonly link: number }
  /** End it politely, and report nothing more of it. */
  | { readonly kind: 'close'; readonly link: number }
  | { readonly kind: 'report-lost'; readonly reason: string; readonly retryInMs: number }

export interface SlotContext {
  readonly nowMs: number
  /** In [0, 1). */
  readonly random: number
  /** A name for a new connection. */
  newLink(): number
  /** When something last arrived on a connection. */
  lastTrafficMs(link: number): number
  /** Takes one of the attempts that the exchange allows; else says when there will be one. */
  takeAttempt(): { readonly ok: true } | { readonly ok: false; readonly againAtMs: number }
}

interface Link {
  readonly id: number
  readonly openedAtMs: number
  readyAtMs: number | undefined
  rotateAtMs: number
}

interface Loss {
  readonly reason: string
  readonly retryAfterMs?: number | undefined
}

/** One of the two places of a slot: a connection, or the time at which it is made. */
interface Place {
  link: Link | undefined
  dueMs: number | undefined
  failures: number
}

/**
 * One set of streams that should always be connected: `current`, and while it is being replaced `next` beside it, so that the old one
 * ends only when the new one brings everything (make before break). A machine: what happens and what time it is comes in,
 * what is to be done comes out. A late event of a connection that was given up changes nothing.
 */
export class ConnectionSlot {
  readonly #policy: ConnectionPolicy
  #phase: 'idle' | 'running' | 'stopped' = 'idle'
  #current: Place = emptyPlace()
  #next: Place = emptyPlace()

  constructor(policy: ConnectionPolicy) {
    this.#policy = policy
  }

  /** A connection is open that brings the streams. */
  get isReady(): boolean {
    return this.#current.link?.readyAtMs !== undefined
  }

  /** When it next has something to do by itself. */
  dueMs(lastTrafficMs: SlotContext['lastTrafficMs']): number {
    if (this.#phase !== 'running') return Infinity
    return Math.min(this.#current.dueMs ?? Infinity, this.#next.dueMs ?? Infinity, ...this.#deadlines(lastTrafficMs))
  }

  step(event: SlotEvent, context: SlotContext): SlotAction[] {
    if (this.#phase === 'stopped') return []
    switch (event.kind) {
      case 'started':
        if (this.#phase !== 'idle') return []
        this.#phase = 'running'
        this.#current.dueMs = context.nowMs
        return this.#wake(context)
      case 'stopped':
        this.#phase = 'stopped'
        return [this.#current, this.#next].flatMap(({ link }) => (link ? [{ kind: 'close', link: link.id }] : []))
      case 'ready':
        return this.#ready(event.link, context)
      case 'lost':
        return this.#lost(event.link, event, context)
      case 'deaf':
        if (event.link !== this.#current.link?.id && event.link !== this.#next.link?.id) return []
        return [{ kind: 'drop', link: event.link }, ...this.#lost(event.link, { reason: deafness }, context)]
      case 'end-announced':
        for (const { link } of [this.#current, this.#next]) {
          if (link?.id === event.link) link.rotateAtMs = context.nowMs
        }
        return this.#wake(context)
      case 'replaced':
        return this.#replace(context)
      case 'woken':
        return this.#wake(context)
    }
  }

  *#deadlines(lastTrafficMs: SlotContext['lastTrafficMs']): Generator<number> {
    const { link } = this.#current
    if (link?.readyAtMs !== undefined && this.#isNextIdle) yield link.rotateAtMs
    const { link: next } = this.#next
    if (next?.readyAtMs !== undefined) yield next.readyAtMs + this.#policy.overlapMs
    for (const each of [link, next]) {
      if (each === undefined) continue
      if (each.readyAtMs === undefined) yield each.openedAtMs + this.#policy.openTimeoutMs
      else yield Math.max(lastTrafficMs(each.id), each.readyAtMs) + this.#policy.silenceMs
    }
  }

  get #isNextIdle(): boolean {
    return this.#next.link === undefined && this.#next.dueMs === undefined
  }

  #ready(id: number, { nowMs, random }: SlotContext): SlotAction[] {
    const link = [this.#current.link, this.#next.link].find((each) => each?.id === id)
    if (link === undefined) return []
    link.readyAtMs = nowMs
    // It may have been announced to end already.
    link.rotateAtMs = Math.min(link.rotateAtMs, nowMs + this.#policy.rotateAfterMs * (1 - 0.05 * random))
    return []
  }

  #lost(id: number, { reason, retryAfterMs = 0 }: Loss, context: SlotContext): SlotAction[] {
    const { nowMs } = context
    if (this.#next.link?.id === id) {
      const retryInMs = this.#fail(this.#next, retryAfterMs, context)
      return [{ kind: 'report-lost', reason, retryInMs }]
    }
    const { link } = this.#current
    if (link?.id !== id) return []
    if (!this.#isNextIdle) {
      // The successor is on its way already.
      const { failures } = this.#current
      this.#current = this.#next
      this.#next = emptyPlace()
      this.#current.failures = Math.max(failures, this.#current.failures)
      const retryInMs = Math.max(0, (this.#current.dueMs ?? nowMs) - nowMs)
      return this.#current.link?.readyAtMs === undefined ? [{ kind: 'report-lost', reason, retryInMs }] : []
    }
    const retryInMs = this.#fail(this.#current, retryAfterMs, context)
    return [{ kind: 'report-lost', reason, retryInMs }]
  }

  /** Puts off the next attempt of a place, at least until the exchange allows one; returns for how long. */
  #fail(place: Place, retryAfterMs: number, { nowMs, random }: SlotContext): number {
    const { link } = place
    const wasStable = link?.readyAtMs !== undefined && nowMs - link.readyAtMs >= this.#policy.stableAfterMs
    const failures = wasStable ? 0 : place.failures
    const retryInMs = Math.max(retryAfterMs, reconnectDelay(failures, this.#policy, random))
    place.link = undefined
    place.failures = failures + 1
    place.dueMs = nowMs + retryInMs
    return retryInMs
  }

  #replace(context: SlotContext): SlotAction[] {
    const { link: next } = this.#next
    // One that is being made has the old streams, as has one that is not ready yet.
    const dropped: SlotAction[] = next === undefined ? [] : [{ kind: 'drop', link: next.id }]
    if (next !== undefined) this.#next = { ...emptyPlace(), failures: this.#next.failures }
    if (this.#current.link !== undefined && this.#isNextIdle) this.#next.dueMs = context.nowMs
    return [...dropped, ...this.#wake(context)]
  }

  #wake(context: SlotContext): SlotAction[] {
    if (this.#phase !== 'running') return []
    const { nowMs } = context
    const actions = [...this.#dropDead(this.#current, context), ...this.#dropDead(this.#next, context)]
    const { link: next } = this.#next
    if (next?.readyAtMs !== undefined && nowMs >= next.readyAtMs + this.#policy.overlapMs) {
      if (this.#current.link !== undefined) actions.push({ kind: 'close', link: this.#current.link.id })
      this.#current = this.#next
      this.#next = emptyPlace()
    }
    const { link } = this.#current
    if (link?.readyAtMs !== undefined && nowMs >= link.rotateAtMs && this.#isNextIdle) this.#next.dueMs = nowMs
    for (const place of [this.#current, this.#next]) {
      if (place.dueMs !== undefined && nowMs >= place.dueMs) actions.push(...this.#open(place, context))
    }
    return actions
  }

  #open(place: Place, { nowMs, newLink, takeAttempt }: SlotContext): SlotAction[] {
    const attempt = takeAttempt()
    if (!attempt.ok) {
      place.dueMs = attempt.againAtMs
      return []
    }
    place.dueMs = undefined
    place.link = { id: newLink(), openedAtMs: nowMs, readyAtMs: undefined, rotateAtMs: Infinity }
    return [{ kind: 'open', link: place.link.id }]
  }

  #dropDead({ link }: Place, context: SlotContext): SlotAction[] {
    if (link === undefined) return []
    const { nowMs } = context
    const { silenceMs, openTimeoutMs } = this.#policy
    const silentMs = nowMs - Math.max(context.lastTrafficMs(link.id), link.readyAtMs ?? link.openedAtMs)
    if (link.readyAtMs === undefined && nowMs - link.openedAtMs >= openTimeoutMs) {
      const reason = `the streams were not subscribed to within ${openTimeoutMs} ms`
      return [{ kind: 'drop', link: link.id }, ...this.#lost(link.id, { reason }, context)]
    }
    if (link.readyAtMs === undefined || silentMs < silenceMs) return []
    const reason = `nothing came for ${Math.round(silentMs / 1000)} s, not even a ping: the connection is dead`
    return [{ kind: 'drop', link: link.id }, ...this.#lost(link.id, { reason }, context)]
  }
}

const deafness = 'it brought nothing of what the exchange shows over REST: the connection is deaf'

function emptyPlace(): Place {
  return { link: undefined, dueMs: undefined, failures: 0 }
}
