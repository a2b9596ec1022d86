import type { Trade, TradeGap } from '@tidemark/schemas'
import type { LastTrade, RejectedTrade, TradePage } from '../trade-history.ts'
import { type ContinuityLimits } from './continuity-limits.ts'
import { FillPlan, type PageRequest } from './fill-plan.ts'
import { TradeSequence, type GapCause, type HeldBudget, type SequenceStart } from './trade-sequence.ts'

/** A question for the newest trades, and the exchange's time just before it. */
export interface CheckRequest {
  readonly kind: 'check'
  readonly symbols: readonly string[]
  readonly askedAtMs: number
}

export type HistoryRequest = PageRequest | CheckRequest

export interface CheckAnswer {
  /** The exchange's clock, read before the ids were. */
  readonly serverTimeMs: number
  readonly lastTrades: ReadonlyMap<string, LastTrade>
}

/** Gets what is decided, in order. */
export interface ContinuityOutput {
  trade(trade: Trade): void
  gap(gap: TradeGap): void
  /** A row of the history that can't be taken. */
  rejected(rejected: RejectedTrade): void
  heartbeat(symbol: string, watermarkMs: number): void
  /** A symbol's ids go on below those that it had: said once. None of its trades comes out any more. */
  wentBack(trade: Trade, lastId: number): void
}

/** One connection's part in a symbol: it is joined once nothing can be missing between what was known and what it brings. */
interface Join {
  readonly connection: number
  isJoined: boolean
  /** Since when it may be missing what came before, for another reason than that it was not there. */
  doubtSinceMs: number
  /** Joined as soon as every id up to this one is decided. */
  atId: number | undefined
}

interface SymbolState {
  readonly sequence: TradeSequence
  readonly joins: Join[]
  wasJoined: boolean
  hasGoneBack: boolean
  /** Proven by the exchange's history to be complete up to here. */
  provenMs: number
  watermarkMs: number
}

interface ConnectionState {
  readonly symbols: ReadonlySet<string>
  /** Since when it brings all of its symbols; Infinity before. */
  sinceMs: number
  /** Largest time of sending of any event on it. */
  eventTimeMs: number
  lastEventMs: number
  /** Since when it is known to have left out trades, without an event since. */
  missingSinceMs: number | undefined
}

/** A trade that is repeated has the time that it had before; trades of one moment may differ by as much as exchanges' clocks do. */
const maxRepeatAheadMs = 60_000

export interface ContinuityFigures {
  readonly duplicates: number
  readonly held: number
  readonly openHoles: number
  readonly inDoubt: number
  readonly wentBack: number
}

interface ContinuityOptions {
  readonly limits: ContinuityLimits
  readonly output: ContinuityOutput
  readonly hasHistory: boolean
}

/** A symbol where it was left off, and the last heartbeat that was written for it. */
export interface SymbolStart extends SequenceStart {
  readonly watermarkMs?: number
}

/**
 * All symbols of a feed, over any number of connections that bring the same trades: puts them in order, asks the exchange's history for
 * what is missing, and says up to when a symbol is complete. Pure: time, trades and answers are passed in; what is to be asked comes
 * out of `nextRequest`.
 */
export class Continuity {
  readonly #limits: ContinuityLimits
  readonly #output: ContinuityOutput
  readonly #plan: FillPlan
  readonly #budget: HeldBudget
  readonly #symbols = new Map<string, SymbolState>()
  readonly #connections = new Map<number, ConnectionState>()
  /** Symbols that are not followed any more, where they were left off: what was put out may not be written yet. */
  readonly #leftOff = new Map<string, SymbolStart>()
  #checking: CheckRequest | undefined
  #nextCheckMs = -Infinity
  #nextAuditMs: number | undefined
  #duplicates = 0

  constructor({ limits, output, hasHistory }: ContinuityOptions) {
    this.#limits = limits
    this.#output = output
    this.#plan = new FillPlan(limits, hasHistory)
    this.#budget = { held: 0, maxHeld: limits.maxHeldTrades }
  }

  get figures(): ContinuityFigures {
    let inDoubt = 0
    let wentBack = 0
    for (const state of this.#symbols.values()) {
      if (isInDoubt(state)) inDoubt++
      if (state.hasGoneBack) wentBack++
    }
    const { openHoles } = this.#plan
    return { duplicates: this.#duplicates, held: this.#budget.held, openHoles, inDoubt, wentBack }
  }

  has(symbol: string): boolean {
    return this.#symbols.has(symbol)
  }

  /** Follows a symbol from where it was left off: here, or where `start` says, if that is further on. */
  add(symbol: string, start?: SymbolStart): void {
    const known = this.#leftOff.get(symbol)
    this.#leftOff.delete(symbol)
    // Another has gone on with it in the meantime.
    const isFurther = known !== undefined && start !== undefined && start.tradeId > known.tradeId
    const leftOff = isFurther ? undefined : known
    const from = leftOff ?? start
    const sequence = new TradeSequence({ symbol, start: from, output: this.#output, budget: this.#budget })
    const watermarkMs = from?.watermarkMs ?? -Infinity
    const wasJoined = leftOff !== undefined
    this.#symbols.set(symbol, {
      sequence,
      joins: [],
      wasJoined,
      hasGoneBack: false,
      provenMs: -Infinity,
      watermarkMs,
    })
  }

  remove(symbol: string): void {
    const state = this.#symbols.get(symbol)
    const leftOff = state?.sequence.leaveOff()
    if (state !== undefined && leftOff !== undefined) {
      this.#leftOff.set(symbol, { ...leftOff, watermarkMs: state.watermarkMs })
    }
    this.#symbols.delete(symbol)
    this.#plan.forget(symbol)
  }

  /** A connection may bring these symbols from now on, though not all of them before it is `subscribed`. */
  connected(connection: number, symbols: readonly string[], nowMs: number): void {
    this.#connections.set(connection, {
      symbols: new Set(symbols),
      sinceMs: Infinity,
      eventTimeMs: -Infinity,
      lastEventMs: nowMs,
      missingSinceMs: undefined,
    })
    for (const symbol of symbols) {
      this.#symbols.get(symbol)?.joins.push({ connection, isJoined: false, doubtSinceMs: -Infinity, atId: undefined })
    }
  }

  /** A connection brings all of its symbols from now on: what the history has by then and it does not bring is missing. */
  subscribed(connection: number, nowMs: number): void {
    const state = this.#connections.get(connection)
    if (state !== undefined) state.sinceMs = nowMs
  }

  disconnected(connection: number): void {
    for (const symbol of this.#connections.get(connection)?.symbols ?? []) {
      const joins = this.#symbols.get(symbol)?.joins
      const at = joins?.findIndex((join) => join.connection === connection) ?? -1
      if (at >= 0) joins?.splice(at, 1)
    }
    this.#connections.delete(connection)
  }

  /** A trade arrived. One of a symbol or connection that is not followed is passed over. */
  receive(connection: number, trade: Trade, nowMs: number): void {
    const { symbol, trade_id: id, event_time_ms: eventTimeMs } = trade
    const state = this.#symbols.get(symbol)
    const from = this.#connections.get(connection)
    if (state === undefined || from === undefined) return
    from.lastEventMs = nowMs
    from.missingSinceMs = undefined
    if (eventTimeMs > from.eventTimeMs) from.eventTimeMs = eventTimeMs
    const join = state.joins.find((each) => each.connection === connection)
    const isNew = state.sequence.receive(trade, nowMs, causeOf(state, join))
    if (!isNew) this.#repeated(state, trade)
    if (join !== undefined && !join.isJoined) {
      join.atId = Math.min(join.atId ?? Infinity, id)
      settleJoins(state)
    }
    this.#plan.watch(state.sequence)
  }

  /** A trade that arrived could not be kept: it has to be asked for. */
  dropped(connection: number, { symbol, trade_id: id }: Trade, nowMs: number): void {
    const state = this.#symbols.get(symbol)
    const from = this.#connections.get(connection)
    if (state === undefined || from === undefined) return
    from.lastEventMs = nowMs
    from.missingSinceMs = undefined
    for (const join of state.joins)
      if (join.connection === connection) Object.assign(join, { isJoined: false, atId: id })
    state.sequence.known(id, nowMs, 'overload')
    this.#plan.watch(state.sequence)
  }

  /** Something arrived that can't be read: it may have been a trade of any of the connection's symbols. */
  unreadable(connection: number, nowMs: number): void {
    for (const symbol of this.#connections.get(connection)?.symbols ?? []) {
      for (const join of this.#symbols.get(symbol)?.joins ?? []) {
        if (join.connection === connection)
          Object.assign(join, { isJoined: false, doubtSinceMs: nowMs, atId: undefined })
      }
    }
  }

  /** What to ask the history for next, if anything may be asked now. Each request has to be answered or failed. */
  nextRequest(nowMs: number): HistoryRequest | undefined {
    this.#plan.giveUpOverdue(nowMs)
    for (const state of this.#symbols.values()) settleJoins(state)
    return this.#nextCheck(nowMs) ?? this.#plan.next(nowMs)
  }

  pageArrived(request: PageRequest, page: TradePage, nowMs: number): void {
    this.#plan.answered(request, page, nowMs)
    const state = this.#symbols.get(request.symbol)
    if (state !== undefined) settleJoins(state)
  }

  checkArrived({ symbols, askedAtMs }: CheckRequest, answer: CheckAnswer, nowMs: number): void {
    this.#checking = undefined
    this.#nextCheckMs = nowMs + this.#limits.checkIntervalMs
    for (const symbol of symbols) {
      const state = this.#symbols.get(symbol)
      if (state?.sequence.lastId === undefined) continue
      const newestId = answer.lastTrades.get(symbol)?.id
      if (newestId === undefined) continue
      for (const join of state.joins) {
        const from = this.#connections.get(join.connection)
        const since = from?.sinceMs ?? Infinity
        if (join.isJoined && newestId > state.sequence.lastId) this.#noteMissing(from, askedAtMs, nowMs)
        if (!join.isJoined && Math.max(since, join.doubtSinceMs) < askedAtMs)
          join.atId = Math.min(join.atId ?? Infinity, newestId)
      }
      if (state.sequence.lastId >= newestId) state.provenMs = Math.max(state.provenMs, answer.serverTimeMs)
      else state.sequence.known(newestId, nowMs, causeOf(state, undefined))
      settleJoins(state)
      this.#plan.watch(state.sequence)
    }
  }

  failed(request: HistoryRequest, error: unknown, nowMs: number): void {
    if (request.kind === 'page') return this.#plan.failed(request, error, nowMs)
    this.#checking = undefined
    this.#nextCheckMs = nowMs + this.#limits.checkIntervalMs
    this.#plan.postpone(error, nowMs)
  }

  /** Puts out a heartbeat for every symbol that is complete up to a later time than the last one said. */
  putHeartbeats(): void {
    const { watermarkMarginMs, watermarkIntervalMs } = this.#limits
    for (const [symbol, state] of this.#symbols) {
      const { sequence } = state
      if (state.hasGoneBack || sequence.hole !== undefined || sequence.held > 0 || sequence.lastId === undefined)
        continue
      const timeMs = Math.max(state.provenMs, this.#seenUntilMs(state))
      const watermarkMs = timeMs - watermarkMarginMs
      if (watermarkMs < 0 || watermarkMs < state.watermarkMs + watermarkIntervalMs) continue
      state.watermarkMs = watermarkMs
      this.#output.heartbeat(symbol, watermarkMs)
    }
  }

  /** Connections that the history has shown to leave out trades, and that have brought nothing since. */
  deaf(nowMs: number): readonly number[] {
    const { quietMs } = this.#limits
    return [...this.#connections]
      .filter(([, { missingSinceMs }]) => missingSinceMs !== undefined && nowMs - missingSinceMs >= quietMs)
      .map(([connection]) => connection)
  }

  /** The history has a trade that a connection should have brought; what it sent before the question may still be on its way. */
  #noteMissing(from: ConnectionState | undefined, askedAtMs: number, nowMs: number): void {
    if (from === undefined || askedAtMs - from.lastEventMs < this.#limits.quietMs) return
    from.missingSinceMs ??= nowMs
  }

  #repeated(state: SymbolState, trade: Trade): void {
    this.#duplicates++
    const { lastId = -1, lastTimeMs } = state.sequence
    if (state.hasGoneBack || trade.trade_id > lastId || trade.trade_time_ms <= lastTimeMs + maxRepeatAheadMs) return
    state.hasGoneBack = true
    this.#output.wentBack(trade, lastId)
  }

  /**
   * The time that the slowest of a symbol's connections has come to: what another one has left out may still come from it. Nothing is
   * known by a symbol in doubt.
   */
  #seenUntilMs(state: SymbolState): number {
    if (isInDoubt(state)) return -Infinity
    return Math.min(...state.joins.map(({ connection }) => this.#connections.get(connection)?.eventTimeMs ?? -Infinity))
  }

  #nextCheck(nowMs: number): CheckRequest | undefined {
    if (this.#checking !== undefined || nowMs < this.#nextCheckMs || !this.#plan.isOpen(nowMs)) return undefined
    this.#nextAuditMs ??= nowMs + this.#limits.auditIntervalMs
    const isAudit = nowMs >= this.#nextAuditMs
    const isAsked = (state: SymbolState): boolean => (isAudit ? canCheck(state) : this.#needsCheck(state, nowMs))
    const symbols = [...this.#symbols].filter(([, state]) => isAsked(state)).map(([symbol]) => symbol)
    if (symbols.length === 0) return undefined
    if (isAudit) this.#nextAuditMs = nowMs + this.#limits.auditIntervalMs
    this.#checking = { kind: 'check', symbols, askedAtMs: nowMs }
    return this.#checking
  }

  #needsCheck(state: SymbolState, nowMs: number): boolean {
    if (!canCheck(state)) return false
    const { checkAfterMs, quietMs } = this.#limits
    return state.joins.some(({ connection, isJoined, atId }) => {
      const from = this.#connections.get(connection)
      if (from === undefined) return false
      if (!isJoined) return atId === undefined && nowMs - from.sinceMs >= checkAfterMs
      return nowMs - from.lastEventMs >= quietMs
    })
  }
}

/** Joins the connections of which everything before their first trade is decided. */
function settleJoins(state: SymbolState): void {
  const { lastId } = state.sequence
  if (lastId === undefined) return
  for (const join of state.joins) {
    if (join.isJoined || join.atId === undefined || lastId < join.atId) continue
    join.isJoined = true
    state.wasJoined = true
  }
}

function canCheck({ sequence, joins }: SymbolState): boolean {
  return sequence.lastId !== undefined && sequence.hole === undefined && joins.length > 0
}

function isInDoubt({ joins }: SymbolState): boolean {
  return !joins.some(({ isJoined }) => isJoined)
}

function causeOf({ wasJoined }: SymbolState, join: Join | undefined): GapCause {
  if (join?.isJoined === true) return 'skip'
  return wasJoined ? 'reconnect' : 'restart'
}
