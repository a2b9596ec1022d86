import { TradeHistoryError, type TradePage } from '../trade-history.ts'
import { pageLimit, type ContinuityLimits } from './continuity-limits.ts'
import type { TradeSequence } from './trade-sequence.ts'

/** A question to the exchange's history about one hole. */
export interface PageRequest {
  readonly kind: 'page'
  readonly symbol: string
  readonly fromId: number
  readonly limit: number
}

interface Filling {
  readonly sequence: TradeSequence
  /** No question before this. */
  notBeforeMs: number
  /** It is at the symbol's end and could not be had: it is asked for again as soon as a trade waits behind it. */
  isPutOff: boolean
  asked: PageRequest | undefined
  /** The history answers, but does not get further, since then. */
  behindSinceMs: number | undefined
}

/** A turn that is later than this is the first for a while: nothing was asked, since there was no room for answers or the process stood still. */
const stalledMs = 5_000

const noHistory = 'no address of the exchange to ask for past trades'

/** Which holes are asked for next, and which are given up. Pure: time is passed in. */
export class FillPlan {
  readonly #limits: ContinuityLimits
  readonly #hasHistory: boolean
  /** In the order in which the holes were seen. */
  readonly #fillings = new Map<string, Filling>()
  #asked = 0
  #notBeforeMs = -Infinity
  #lastSuccessMs = -Infinity
  #lastTurnMs = -Infinity
  /** Nothing could be asked until then, which is no failure of a hole. */
  #excusedUntilMs = -Infinity
  /** Since when every answer was to wait for the budget. */
  #limitedSinceMs: number | undefined
  #failures = 0
  #lastProblem = 'no answer yet'

  constructor(limits: ContinuityLimits, hasHistory: boolean) {
    this.#limits = limits
    this.#hasHistory = hasHistory
  }

  get openHoles(): number {
    return this.#fillings.size
  }

  /** A sequence has a hole, perhaps: to be called after each change of it. */
  watch(sequence: TradeSequence): void {
    const { hole, symbol } = sequence
    const known = this.#fillings.get(symbol)
    if (hole === undefined) {
      if (known !== undefined && known.asked === undefined) this.#fillings.delete(symbol)
    } else if (known === undefined) {
      const notBeforeMs = hole.sinceMs + this.#limits.suspectMs
      this.#fillings.set(symbol, { sequence, notBeforeMs, isPutOff: false, asked: undefined, behindSinceMs: undefined })
    }
  }

  forget(symbol: string): void {
    if (this.#fillings.get(symbol)?.asked !== undefined) this.#asked--
    this.#fillings.delete(symbol)
  }

  /** The next question, if one may be asked now. Each has to be answered by `answered` or `failed`. */
  next(nowMs: number): PageRequest | undefined {
    if (!this.isOpen(nowMs) || this.#asked >= this.#limits.maxConcurrentPages) return undefined
    for (const filling of this.#fillings.values()) {
      if (filling.asked !== undefined || (nowMs < filling.notBeforeMs && !isDueAgain(filling))) continue
      const request = this.#ask(filling, nowMs)
      if (request !== undefined) return request
    }
    return undefined
  }

  answered(request: PageRequest, page: TradePage, nowMs: number): void {
    const filling = this.#settle(request)
    this.#succeeded(nowMs)
    if (filling === undefined) return
    const decided = filling.sequence.fill(page, nowMs)
    if (decided > 0) {
      filling.notBeforeMs = Math.max(nowMs, (filling.sequence.hole?.sinceMs ?? 0) + this.#limits.suspectMs)
      filling.behindSinceMs = undefined
    } else {
      this.#lastProblem = 'its answers end before them'
      filling.behindSinceMs ??= nowMs
      this.#askLater(filling, nowMs)
    }
    this.watch(filling.sequence)
  }

  failed(request: PageRequest, error: unknown, nowMs: number): void {
    const filling = this.#settle(request)
    this.postpone(error, nowMs)
    if (filling === undefined) return
    // To wait for the budget is no failure of this hole.
    if (!isRateLimited(error)) filling.behindSinceMs ??= nowMs
    if (isRetriable(error)) return
    if (filling.sequence.hole?.waitingSinceMs === undefined) return this.#askLater(filling, nowMs)
    filling.sequence.giveUp({ status: 'given_up', reason: messageOf(error) }, nowMs)
    this.watch(filling.sequence)
  }

  /** No question to the history for a while: it can't answer. */
  postpone(error: unknown, nowMs: number): void {
    this.#lastProblem = messageOf(error)
    const retryAfterMs = error instanceof TradeHistoryError ? error.retryAfterMs : undefined
    const delayMs = retryAfterMs ?? Math.min(this.#limits.retryMs * 2 ** this.#failures, 10 * this.#limits.retryMs)
    this.#failures++
    this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs + delayMs)
    if (!isRateLimited(error)) return
    this.#limitedSinceMs ??= nowMs
    const excusedUntilMs = Math.min(this.#notBeforeMs, this.#limitedSinceMs + this.#limits.maxLimitedMs)
    this.#excusedUntilMs = Math.max(this.#excusedUntilMs, excusedUntilMs)
  }

  /** The history may be asked now. */
  isOpen(nowMs: number): boolean {
    return this.#hasHistory && nowMs >= this.#notBeforeMs
  }

  /** Gives up what can't be had within the limits. */
  giveUpOverdue(nowMs: number): void {
    if (nowMs - this.#lastTurnMs > stalledMs) this.#excusedUntilMs = Math.max(this.#excusedUntilMs, nowMs)
    this.#lastTurnMs = nowMs
    for (const filling of this.#fillings.values()) {
      const reason = this.#overdue(filling, nowMs)
      if (reason === undefined) continue
      filling.sequence.giveUp({ status: 'given_up', reason }, nowMs)
      filling.behindSinceMs = undefined
      filling.notBeforeMs = nowMs + this.#limits.suspectMs
      this.watch(filling.sequence)
    }
  }

  /** Asks again soon where trades wait; at the symbol's end, where none does, ever less often. */
  #askLater(filling: Filling, nowMs: number): void {
    const { retryMs, auditIntervalMs } = this.#limits
    filling.isPutOff = filling.sequence.hole?.waitingSinceMs === undefined
    const behindMs = filling.isPutOff ? nowMs - (filling.behindSinceMs ?? nowMs) : 0
    filling.notBeforeMs = nowMs + Math.min(Math.max(retryMs, behindMs), auditIntervalMs)
  }

  /**
   * A hole is given up so that the trades behind it can go on. At the symbol's end there are none, and it stays open: a heartbeat would
   * end windows as complete that the missing ids may be of.
   */
  #overdue({ sequence, behindSinceMs, notBeforeMs }: Filling, nowMs: number): string | undefined {
    const { fillTimeoutMs } = this.#limits
    const { hole } = sequence
    if (hole?.waitingSinceMs === undefined) return undefined
    if (!this.#hasHistory) return nowMs >= notBeforeMs ? noHistory : undefined
    const askedSinceMs = behindSinceMs ?? Math.max(hole.sinceMs, this.#lastSuccessMs)
    const sinceMs = Math.max(askedSinceMs, hole.waitingSinceMs)
    if (nowMs - Math.max(sinceMs, this.#excusedUntilMs) < fillTimeoutMs) return undefined
    return `the exchange's history did not have them within ${fillTimeoutMs} ms: ${this.#lastProblem}`
  }

  #ask(filling: Filling, nowMs: number): PageRequest | undefined {
    const { sequence } = filling
    const { maxFillTrades } = this.#limits
    sequence.publish()
    const size = sizeOf(sequence)
    if (size > maxFillTrades) {
      const toId = (sequence.missing?.toId ?? 0) - maxFillTrades
      const reason = `more than ${maxFillTrades} trades are missing: the newest ones are filled`
      sequence.giveUp({ status: 'given_up', reason }, nowMs, toId)
    }
    const { missing } = sequence
    if (missing === undefined) return undefined
    // One more than is missing shows that nothing else is to come.
    const limit = Math.min(pageLimit, missing.toId - missing.fromId + 2)
    filling.isPutOff = false
    filling.asked = { kind: 'page', symbol: sequence.symbol, fromId: missing.fromId, limit }
    this.#asked++
    return filling.asked
  }

  /** The hole that was asked about; undefined where it is not the symbol's any more. */
  #settle(request: PageRequest): Filling | undefined {
    const filling = this.#fillings.get(request.symbol)
    if (filling?.asked !== request) return undefined
    filling.asked = undefined
    this.#asked--
    return filling
  }

  #succeeded(nowMs: number): void {
    this.#lastSuccessMs = nowMs
    this.#limitedSinceMs = undefined
    this.#failures = 0
  }
}

function isDueAgain({ isPutOff, sequence }: Filling): boolean {
  return isPutOff && sequence.hole?.waitingSinceMs !== undefined
}

function sizeOf({ missing }: TradeSequence): number {
  return missing === undefined ? 0 : missing.toId - missing.fromId + 1
}

function isRetriable(error: unknown): boolean {
  return error instanceof TradeHistoryError && error.retriable
}

function isRateLimited(error: unknown): boolean {
  return error instanceof TradeHistoryError && error.code === 'rate-limited'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
