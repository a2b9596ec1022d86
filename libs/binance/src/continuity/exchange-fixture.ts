import type { Trade, TradeGap } from '@tidemark/schemas'
import { TradeHistoryError, type LastTrade, type RejectedTrade, type TradePage } from '../trade-history.ts'
import { Continuity, type HistoryRequest, type SymbolStart } from './continuity.ts'
import { defaultContinuityLimits, type ContinuityLimits } from './continuity-limits.ts'

export const tradeOf = (symbol: string, id: number, timeMs = 1_000): Trade => ({
  event_type: 'trade',
  event_time_ms: timeMs,
  symbol,
  trade_id: id,
  price: 1,
  quantity: 1,
  trade_time_ms: timeMs,
  is_buyer_maker: false,
  ingestion_time_ms: timeMs,
  latency_ms: 0,
})

export const rejectedOf = ({ symbol, trade_id: tradeId }: Trade): RejectedTrade => ({
  kind: 'rejected',
  tradeId,
  code: 'lossy-decimal',
  message: `${symbol} trade ${tradeId}`,
  bytes: Buffer.from(`${symbol} ${tradeId}`),
  receivedAtMs: 1_000,
})

/** What came out of a continuity, in order. */
export type Output =
  | { readonly kind: 'trade'; readonly trade: Trade }
  | { readonly kind: 'gap'; readonly gap: TradeGap }
  | { readonly kind: 'rejected'; readonly rejected: RejectedTrade }
  | { readonly kind: 'heartbeat'; readonly symbol: string; readonly watermarkMs: number }

/** What a connection still has to bring: a trade, or bytes that can't be read. */
type Frame = Trade | 'garbage'

/** An exchange whose trades are known, with a continuity that follows it over connections that lose, repeat and swap. */
export class ExchangeFixture {
  readonly limits: ContinuityLimits
  readonly outputs: Output[] = []
  readonly truth = new Map<string, Trade[]>()
  readonly pending: HistoryRequest[] = []
  readonly wentBack: string[] = []
  /** Trades that the history has in a form which can't be taken. */
  readonly lossy = new Set<Trade>()
  readonly #queues = new Map<number, Frame[]>()
  /** What the exchange had when a question was asked. */
  readonly #asOf = new WeakMap<HistoryRequest, { readonly timeMs: number; readonly lastIds: Map<string, number> }>()
  readonly #reach: number
  readonly #unfollowed = new Set<string>()
  #continuity: Continuity
  #lastConnection = 0
  nowMs = 1_000_000

  constructor(symbols: readonly string[], options: { limits?: Partial<ContinuityLimits>; reach?: number } = {}) {
    this.limits = { ...defaultContinuityLimits, ...options.limits }
    this.#reach = options.reach ?? Infinity
    for (const symbol of symbols) this.truth.set(symbol, [])
    this.#continuity = this.#newContinuity(new Map())
  }

  get continuity(): Continuity {
    return this.#continuity
  }

  get connections(): readonly number[] {
    return [...this.#queues.keys()]
  }

  /** The exchange makes a trade; ids in between are never given out. Every connection will bring it, but those named. */
  trade(
    symbol: string,
    options: { skippedIds?: number; lostOn?: readonly number[]; garbledOn?: readonly number[]; lossy?: boolean } = {},
  ) {
    const { skippedIds = 0, lostOn = [], garbledOn = options.lossy === true ? this.connections : [] } = options
    const made = this.truth.get(symbol) ?? []
    const trade = tradeOf(symbol, (made.at(-1)?.trade_id ?? 0) + 1 + skippedIds, this.nowMs)
    made.push(trade)
    if (options.lossy === true) this.lossy.add(trade)
    for (const [connection, queue] of this.#queues) {
      if (garbledOn.includes(connection)) queue.push('garbage')
      else if (!lostOn.includes(connection)) queue.push(trade)
    }
  }

  connect(): number {
    this.#queues.set(++this.#lastConnection, [])
    this.#continuity.connected(this.#lastConnection, [...this.truth.keys()], this.nowMs)
    this.#continuity.subscribed(this.#lastConnection, this.nowMs)
    return this.#lastConnection
  }

  cut(connection: number): void {
    this.#queues.delete(connection)
    this.#continuity.disconnected(connection)
  }

  /** Symbols that are not followed at present. */
  get unfollowed(): ReadonlySet<string> {
    return this.#unfollowed
  }

  unfollow(symbol: string): void {
    this.#unfollowed.add(symbol)
    this.#continuity.remove(symbol)
  }

  /** Follows a symbol again, from what may have been written by then; connections that are there still bring it. */
  follow(symbol: string, start?: SymbolStart): void {
    if (this.#unfollowed.delete(symbol)) this.#continuity.add(symbol, start)
  }

  /** Swaps the next two frames of a connection, where they were sent within the margin. */
  swap(connection: number): void {
    const queue = this.#queues.get(connection) ?? []
    const [first, second] = queue
    if (first === undefined || second === undefined || first === 'garbage' || second === 'garbage') return
    if (second.trade_time_ms - first.trade_time_ms >= this.limits.watermarkMarginMs) return
    queue.splice(0, 2, second, first)
  }

  repeat(connection: number): void {
    const [first] = this.#queues.get(connection) ?? []
    if (first !== undefined) this.#queues.get(connection)?.unshift(first)
  }

  deliver(connection: number, count = Infinity, how: 'take' | 'drop' = 'take'): void {
    for (const frame of this.#queues.get(connection)?.splice(0, count) ?? []) {
      if (frame === 'garbage') this.#continuity.unreadable(connection, this.nowMs)
      else if (how === 'take') this.#continuity.receive(connection, frame, this.nowMs)
      else this.#continuity.dropped(connection, frame, this.nowMs)
    }
  }

  /** Lets time pass, and takes the questions that come up; they are asked for at least each second, but where `stalled`. */
  pass(ms: number, how: 'asking' | 'stalled' = 'asking'): void {
    for (let leftMs = ms; leftMs > 0 && how === 'asking'; leftMs -= 1_000) {
      this.nowMs += Math.min(1_000, leftMs)
      this.#ask()
    }
    if (how === 'stalled') this.nowMs += ms
    this.#ask()
  }

  #ask(): void {
    for (;;) {
      const request = this.#continuity.nextRequest(this.nowMs)
      if (request === undefined) return
      this.pending.push(request)
      const lastIds = [...this.truth].flatMap(([symbol, made]): [string, number][] => {
        const last = made.at(-1)
        return last === undefined ? [] : [[symbol, last.trade_id]]
      })
      this.#asOf.set(request, { timeMs: this.nowMs, lastIds: new Map(lastIds) })
    }
  }

  /** Answers the oldest question, by what there was when it was asked; behind: without a symbol's newest trades. */
  answer(how: 'well' | 'behind' | 'rate-limited' | 'unavailable' = 'well', retryAfterMs = 3_000): void {
    const request = this.pending.shift()
    if (request === undefined) return
    if (how === 'rate-limited' || how === 'unavailable') {
      const retry = how === 'rate-limited' ? { retryAfterMs } : {}
      this.#continuity.failed(request, new TradeHistoryError(how, how, retry), this.nowMs)
    } else if (request.kind === 'check') {
      const { timeMs, lastIds } = this.#asOf.get(request)!
      const lastTrades = new Map<string, LastTrade>()
      for (const symbol of request.symbols) {
        const id = lastIds.get(symbol)
        if (id !== undefined) lastTrades.set(symbol, { id, timeMs })
      }
      this.#continuity.checkArrived(request, { serverTimeMs: timeMs, lastTrades }, this.nowMs)
    } else {
      this.#continuity.pageArrived(request, this.#page(request, how === 'behind' ? 2 : 0), this.nowMs)
    }
  }

  heartbeats(): void {
    this.#continuity.putHeartbeats()
  }

  /** The process ends and begins anew where its outputs say that it was. */
  restart(): void {
    this.#queues.clear()
    this.#unfollowed.clear()
    this.pending.length = 0
    this.#continuity = this.#newContinuity(this.#starts())
  }

  #page({ symbol, fromId, limit }: { symbol: string; fromId: number; limit: number }, behind: number): TradePage {
    const made = this.truth.get(symbol) ?? []
    const served = made.slice(Math.max(0, made.length - this.#reach), made.length - behind)
    const rows = served.filter(({ trade_id }) => trade_id >= fromId).slice(0, limit)
    const trades = rows.filter((trade) => !this.lossy.has(trade))
    const rejected = rows.filter((trade) => this.lossy.has(trade)).map(rejectedOf)
    const isCut = made.length > this.#reach
    return { trades, rejected, completeFromId: isCut ? Math.max(fromId, served[0]?.trade_id ?? fromId) : fromId }
  }

  #newContinuity(starts: ReadonlyMap<string, SymbolStart>): Continuity {
    const continuity = new Continuity({
      limits: this.limits,
      hasHistory: true,
      output: {
        trade: (trade) => this.outputs.push({ kind: 'trade', trade }),
        gap: (gap) => this.outputs.push({ kind: 'gap', gap }),
        rejected: (rejected) => this.outputs.push({ kind: 'rejected', rejected }),
        heartbeat: (symbol, watermarkMs) => this.outputs.push({ kind: 'heartbeat', symbol, watermarkMs }),
        wentBack: ({ symbol }) => this.wentBack.push(symbol),
      },
    })
    for (const symbol of this.truth.keys()) continuity.add(symbol, starts.get(symbol))
    return continuity
  }

  /** As positions are written: with every output. */
  #starts(): Map<string, SymbolStart> {
    const starts = new Map<string, SymbolStart>()
    const update = (symbol: string, change: Partial<SymbolStart>) => {
      const { openGapFromId, ...before } = starts.get(symbol) ?? { tradeId: -1, timeMs: 0 }
      const kept = openGapFromId === undefined || 'openGapFromId' in change ? {} : { openGapFromId }
      const merged = { ...before, ...kept, ...change }
      if (merged.openGapFromId === undefined) delete merged.openGapFromId
      starts.set(symbol, merged)
    }
    for (const output of this.outputs) {
      if (output.kind === 'trade') {
        const { symbol, trade_id: tradeId, trade_time_ms: timeMs } = output.trade
        update(symbol, { tradeId, timeMs })
      } else if (output.kind === 'heartbeat') {
        update(output.symbol, { watermarkMs: output.watermarkMs })
      } else if (output.kind === 'gap') {
        const { symbol, status, from_trade_id, to_trade_id } = output.gap
        const tradeId = Math.max(starts.get(symbol)?.tradeId ?? -1, to_trade_id)
        const decided = { tradeId, openGapFromId: undefined } as unknown as Partial<SymbolStart>
        update(symbol, status === 'open' ? { openGapFromId: from_trade_id } : decided)
      }
    }
    return starts
  }
}

/**
 * What is wrong with the outputs, one line each: ids that are out of order or come twice; ids of the source that are neither a trade nor in
 * a gap that is not filled, or both; gaps that say what is not so; heartbeats that a later trade contradicts, or that end windows which
 * missing ids may be of; symbols with trades of which nothing came. Of a symbol that is not followed any more a gap may be open, and what
 * is behind its last trade, or the last id that was decided, may be missing.
 */
export function violations({
  outputs,
  truth,
  unfollowed,
}: Pick<ExchangeFixture, 'outputs' | 'truth' | 'unfollowed'>): string[] {
  const found: string[] = []
  for (const [symbol, made] of truth) {
    const ids: number[] = []
    const gaps = new Map<string, TradeGap>()
    let watermarkMs = -Infinity
    /** Ids that are missing for good, and that no trade has come behind. */
    let missingAtEnd: string | undefined
    for (const output of outputs) {
      if (output.kind === 'heartbeat' && output.symbol === symbol) {
        watermarkMs = output.watermarkMs
        if (missingAtEnd !== undefined) found.push(`${symbol}: heartbeat behind ${missingAtEnd}, which nothing follows`)
      }
      if (output.kind === 'gap' && output.gap.symbol === symbol) {
        gaps.set(output.gap.gap_id, output.gap)
        if (isMissing(output.gap)) missingAtEnd = output.gap.gap_id
      }
      if (output.kind !== 'trade' || output.trade.symbol !== symbol) continue
      const { trade_id: id, trade_time_ms: timeMs } = output.trade
      missingAtEnd = undefined
      if (id <= (ids.at(-1) ?? -1)) found.push(`${symbol}: ${id} after ${ids.at(-1)}`)
      const isInGap = [...gaps.values()].some((gap) => covers(gap, id))
      if (timeMs < watermarkMs && !isInGap) found.push(`${symbol}: ${id} at ${timeMs} after heartbeat ${watermarkMs}`)
      ids.push(id)
    }
    const decided = new Set(ids)
    const missing = [...gaps.values()].filter(({ status }) => status !== 'filled')
    const firstId = Math.min(...ids, ...[...gaps.values()].map(({ from_trade_id }) => from_trade_id))
    const decidedGaps = [...gaps.values()].filter(({ status }) => status !== 'open')
    const decidedId = Math.max(...ids, ...decidedGaps.map(({ to_trade_id }) => to_trade_id))
    const isFollowed = !unfollowed.has(symbol)
    if (isFollowed && made.length > 0 && firstId === Infinity)
      found.push(`${symbol}: nothing came of ${made.length} trades`)
    for (const { trade_id: id } of made.filter(({ trade_id }) => trade_id >= firstId)) {
      const times = Number(decided.has(id)) + missing.filter((gap) => covers(gap, id)).length
      const mayBeMissing = !isFollowed && id > decidedId
      if (times > 1 || (times === 0 && !mayBeMissing)) found.push(`${symbol}: ${id} is there ${times} times`)
      if (missing.some((gap) => gap.status === 'unfillable' && covers(gap, id)))
        found.push(`${symbol}: ${id} is called unfillable, and the exchange has it`)
    }
    for (const gap of missing)
      if (isFollowed && gap.status === 'open') found.push(`${symbol}: gap ${gap.gap_id} is open`)
  }
  return found
}

function isMissing({ status }: TradeGap): boolean {
  return status === 'unfillable' || status === 'given_up'
}

function covers({ from_trade_id, to_trade_id }: TradeGap, id: number): boolean {
  return from_trade_id <= id && id <= to_trade_id
}
