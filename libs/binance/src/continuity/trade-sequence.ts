import type { Trade, TradeGap } from '@tidemark/schemas'
import type { RejectedTrade, TradePage } from '../trade-history.ts'

/** Where a symbol's ids go on from, as it was written down before. */
export interface SequenceStart {
  /** Every id up to this one is decided. */
  readonly tradeId: number
  /** Event time of the last trade written; milliseconds. */
  readonly timeMs: number
  /** First id of a gap that was open, which is gone on with under its name. */
  readonly openGapFromId?: number
}

/** Gets what a sequence has decided, in the order in which it is to be written. */
export interface SequenceOutput {
  trade(trade: Trade): void
  gap(gap: TradeGap): void
  /** A row of the history that can't be taken. */
  rejected(rejected: RejectedTrade): void
}

/** How many trades wait behind holes, over all symbols. */
export interface HeldBudget {
  held: number
  readonly maxHeld: number
}

export type GapCause = 'reconnect' | 'skip' | 'restart' | 'overload'

/** What is given up, and why. */
export interface GiveUp {
  readonly status: 'unfillable' | 'given_up'
  readonly reason: string
}

/** A range of ids that are missing, for now only suspected. */
export interface Hole {
  /** On the caller's clock. */
  readonly sinceMs: number
  /** Since when a trade waits behind it; undefined for a hole at the symbol's end. */
  readonly waitingSinceMs: number | undefined
  readonly cause: GapCause
}

interface OpenHole extends Hole {
  waitingSinceMs: number | undefined
  /** First id of the gap record that it is, or will be, published as. */
  startId: number
  isPublished: boolean
  readonly detectedAtMs: number
}

interface SequenceOptions {
  readonly symbol: string
  readonly start?: SequenceStart | undefined
  readonly output: SequenceOutput
  readonly budget: HeldBudget
}

/** An answer that begins at a later id than was asked for does not tell ids that were never given out from those that are too old to be served. */
const ABSENT: GiveUp = {
  status: 'unfillable',
  reason: 'the exchange serves no trades with these ids: there are none, or it does not keep them for so long',
}
const UNNAMED: GiveUp = {
  status: 'given_up',
  reason: 'the exchange has rows without a readable id among these: see the dead letters',
}

/**
 * The trades of one symbol, put in order: ids ascend, each comes once, and none passes a hole before it is decided. A hole is
 * suspected when a higher id becomes known, because ids are promised to be unique and not to be contiguous. Pure: time is passed in.
 */
export class TradeSequence {
  readonly symbol: string
  readonly #output: SequenceOutput
  readonly #budget: HeldBudget
  /** Ascending; all above a hole. */
  #held: Trade[] = []
  #lastId: number | undefined
  #lastTimeMs = 0
  /** Highest id that is known to be there. */
  #knownId = -1
  #hole: OpenHole | undefined
  #resumedGapFromId: number | undefined

  constructor({ symbol, start, output, budget }: SequenceOptions) {
    this.symbol = symbol
    this.#output = output
    this.#budget = budget
    if (start === undefined) return
    this.#lastId = start.tradeId
    this.#lastTimeMs = start.timeMs
    this.#knownId = start.tradeId
    this.#resumedGapFromId = start.openGapFromId
  }

  /** Every id up to this one is decided; undefined before the first trade. */
  get lastId(): number | undefined {
    return this.#lastId
  }

  /** Trade time of the last trade put out; milliseconds. */
  get lastTimeMs(): number {
    return this.#lastTimeMs
  }

  get hole(): Hole | undefined {
    return this.#hole
  }

  get held(): number {
    return this.#held.length
  }

  /** The ids that are missing first: both ends included. Undefined where none is. */
  get missing(): { readonly fromId: number; readonly toId: number } | undefined {
    if (this.#hole === undefined || this.#lastId === undefined) return undefined
    return { fromId: this.#lastId + 1, toId: (this.#held[0]?.trade_id ?? this.#knownId + 1) - 1 }
  }

  /** A trade arrived. False for one that is here already. */
  receive(trade: Trade, nowMs: number, cause: GapCause): boolean {
    const { trade_id: id } = trade
    if (this.#lastId === undefined || id === this.#lastId + 1) {
      this.#emit(trade)
      this.#goOn(nowMs, cause)
      return true
    }
    if (id <= this.#lastId) return false
    if (!this.#hold(trade)) return false
    this.known(id, nowMs, cause)
    if (this.#hole !== undefined && this.#held.length > 0) this.#hole.waitingSinceMs ??= nowMs
    return true
  }

  /** A trade with this id is there, whether it arrived or not: what is missing up to it is a hole. */
  known(id: number, nowMs: number, cause: GapCause): void {
    this.#knownId = Math.max(this.#knownId, id)
    if (this.#lastId === undefined || this.#knownId <= this.#lastId || this.#hole !== undefined) return
    const resumed = this.#resumedGapFromId
    this.#resumedGapFromId = undefined
    this.#hole = {
      sinceMs: nowMs,
      waitingSinceMs: this.#held.length > 0 ? nowMs : undefined,
      cause,
      startId: resumed ?? this.#lastId + 1,
      isPublished: resumed !== undefined,
      detectedAtMs: this.#held[0]?.trade_time_ms ?? this.#lastTimeMs,
    }
  }

  /** Publishes the hole as a gap that is open: it did not fill by itself. */
  publish(): void {
    const { missing } = this
    if (this.#hole === undefined || missing === undefined || this.#hole.isPublished) return
    this.#hole.isPublished = true
    this.#putGap({ fromId: this.#hole.startId, toId: missing.toId }, OPEN)
  }

  /**
   * What the exchange's history has from `fromId` on. Ids of the hole that a page should have and has not are given up as `unfillable`, and
   * those of rows that can't be taken as `given_up`; but the newest id that is known is not, before there is a trade behind it: nothing else
   * could tell which windows it is missing from. Returns how many ids it decided; 0 where the history is behind the stream.
   */
  fill(page: TradePage, nowMs: number): number {
    const { completeFromId } = page
    const { missing } = this
    if (missing === undefined) return 0
    const before = missing.fromId
    if (completeFromId > missing.fromId) {
      const toId = Math.min(completeFromId - 1, missing.toId)
      this.#decide(toId, { status: 'given_up', reason: 'older than the trades that this host serves' })
    }
    const unnamed = page.rejected.filter(({ tradeId }) => tradeId === undefined)
    const absent = unnamed.length > 0 ? UNNAMED : ABSENT
    let absentRanges = 0
    const decideAbsent = (toId: number): void => {
      if (toId <= (this.#lastId as number)) return
      absentRanges++
      this.#decide(toId, absent)
    }
    const rows = rowsOf(page)
    const newestId = rows.at(-1)?.id ?? -1
    for (const row of rows) {
      if (row.id <= (this.#lastId as number)) continue
      if (row.id > missing.toId) break
      decideAbsent(row.id - 1)
      if ('trade' in row) this.#emit(row.trade)
      else if (row.id < Math.max(newestId, this.#knownId)) this.#decideRejected(row.rejected)
    }
    if (newestId > missing.toId) decideAbsent(missing.toId)
    if (absentRanges > 0) for (const each of unnamed) this.#output.rejected(each)
    const decided = (this.#lastId as number) + 1 - before
    const cause = this.#hole?.cause ?? 'skip'
    if (this.#hole?.startId === missing.toId + 1) {
      // The trade behind what was given up is on its way, and no time may pass it: it is a hole of its own until it is here.
      this.#hole = undefined
      this.#knownId = Math.max(this.#knownId, newestId)
    }
    this.#goOn(nowMs, cause)
    return decided
  }

  /** Gives up what is missing, or the part of it up to `toId`, and goes on behind it. */
  giveUp(giveUp: GiveUp, nowMs: number, toId = this.missing?.toId): void {
    if (this.#hole === undefined || toId === undefined) return
    const { cause } = this.#hole
    this.#decide(toId, giveUp)
    this.#goOn(nowMs, cause)
  }

  /**
   * Lets go of what is held: the symbol is not followed any more, perhaps for good, so what of its gap is filled is put out as such, and the
   * rest stays open. Returns where to go on if it is followed again; undefined before the first trade.
   */
  leaveOff(): SequenceStart | undefined {
    const { missing } = this
    const hole = this.#hole
    if (hole?.isPublished === true && missing !== undefined && hole.startId < missing.fromId) {
      this.#putGap({ fromId: hole.startId, toId: missing.fromId - 1 }, FILLED)
      hole.startId = missing.fromId
      this.#putGap(missing, OPEN)
    }
    const resumed = this.#resumedGapFromId
    // How far that gap went is not known here: what follows the position is not decided, as of any symbol that is left off.
    if (resumed !== undefined && this.#lastId !== undefined && resumed <= this.#lastId) this.#closeResumed(this.#lastId)
    this.#budget.held -= this.#held.length
    this.#held = []
    const openGapFromId = hole?.isPublished === true ? hole.startId : this.#resumedGapFromId
    this.#hole = undefined
    if (this.#lastId === undefined) return undefined
    const start = { tradeId: this.#lastId, timeMs: this.#lastTimeMs }
    return openGapFromId === undefined ? start : { ...start, openGapFromId }
  }

  #hold(trade: Trade): boolean {
    const { trade_id: id } = trade
    let at = this.#held.length
    while (at > 0 && (this.#held[at - 1] as Trade).trade_id > id) at--
    if (this.#held[at - 1]?.trade_id === id) return false
    // Too much is waiting: the trade is known to be there, and will be asked for.
    if (this.#budget.held >= this.#budget.maxHeld) return true
    this.#held.splice(at, 0, trade)
    this.#budget.held++
    return true
  }

  #emit(trade: Trade): void {
    this.#lastId = trade.trade_id
    this.#lastTimeMs = trade.trade_time_ms
    this.#output.trade(trade)
  }

  /** Emits what waited for the ids before it, up to the next hole. */
  #goOn(nowMs: number, cause: GapCause): void {
    let count = 0
    for (const trade of this.#held) {
      const next = (this.#lastId as number) + 1
      if (trade.trade_id > next) break
      count++
      if (trade.trade_id < next) continue
      if (this.#hole !== undefined) this.#close(this.#hole)
      this.#emit(trade)
    }
    this.#held.splice(0, count)
    this.#budget.held -= count
    const lastId = this.#lastId as number
    const stillMissing = lastId < this.#knownId
    if (this.#hole !== undefined && !stillMissing) this.#close(this.#hole)
    if (this.#resumedGapFromId !== undefined && this.#hole === undefined) this.#closeResumed(lastId)
    if (stillMissing) this.known(this.#knownId, nowMs, cause)
  }

  #close(hole: OpenHole): void {
    this.#hole = undefined
    if (!hole.isPublished) return
    const lastId = this.#lastId as number
    if (hole.startId <= lastId) this.#putGap({ fromId: hole.startId, toId: lastId }, FILLED, hole)
  }

  /** A gap that was open before the start, and that turns out to be filled up to where it was written. */
  #closeResumed(lastId: number): void {
    const fromId = this.#resumedGapFromId as number
    this.#resumedGapFromId = undefined
    const hole = { cause: 'restart' as const, detectedAtMs: this.#lastTimeMs }
    if (fromId <= lastId) this.#putGap({ fromId, toId: lastId }, FILLED, hole)
  }

  /** Decides the ids from the first missing one up to `toId`; what of the gap was filled before is a gap of its own. */
  #decide(toId: number, giveUp: GiveUp): void {
    const hole = this.#hole as OpenHole
    const fromId = (this.#lastId as number) + 1
    const endId = this.missing?.toId ?? toId
    if (hole.startId < fromId) this.#putGap({ fromId: hole.startId, toId: fromId - 1 }, FILLED)
    this.#putGap({ fromId, toId }, giveUp)
    this.#lastId = toId
    hole.startId = toId + 1
    hole.isPublished = toId < endId
    if (hole.isPublished) this.#putGap({ fromId: hole.startId, toId: endId }, OPEN)
  }

  #decideRejected(rejected: RejectedTrade): void {
    const { tradeId, code, message } = rejected
    this.#output.rejected(rejected)
    const reason = `the exchange has it, and it can't be taken as it is (${code}): see the dead letter; ${message}`
    this.#decide(tradeId as number, { status: 'given_up', reason })
  }

  #putGap(
    { fromId, toId }: { readonly fromId: number; readonly toId: number },
    { status, reason }: { readonly status: string; readonly reason: string | null },
    hole: Pick<OpenHole, 'cause' | 'detectedAtMs'> = this.#hole as OpenHole,
  ): void {
    const { cause, detectedAtMs } = hole
    this.#output.gap({
      gap_id: `${this.symbol}:${fromId}`,
      symbol: this.symbol,
      from_trade_id: fromId,
      to_trade_id: toId,
      cause,
      status,
      detected_at_ms: detectedAtMs,
      resolved_at_ms: status === 'open' ? null : Math.max(detectedAtMs, this.#lastTimeMs),
      reason,
    })
  }
}

type Row = { readonly id: number } & ({ readonly trade: Trade } | { readonly rejected: RejectedTrade })

/** What a page has, with an id: ascending. */
function rowsOf({ trades, rejected }: TradePage): readonly Row[] {
  const rows: Row[] = trades.map((trade) => ({ id: trade.trade_id, trade }))
  for (const each of rejected) if (each.tradeId !== undefined) rows.push({ id: each.tradeId, rejected: each })
  return rejected.length === 0 ? rows : rows.sort((a, b) => a.id - b.id)
}

const OPEN = { status: 'open', reason: null } as const
const FILLED = { status: 'filled', reason: null } as const
