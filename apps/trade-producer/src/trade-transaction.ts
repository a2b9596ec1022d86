import type { FeedItem, RejectCode, RejectedFrame } from '@tidemark/binance'
import type { Trade, TradeGap, TradePosition } from '@tidemark/schemas'
import {
  deadLetterRecord,
  WATERMARK_HEADER,
  type Codec,
  type OutputBatch,
  type RecordCollector,
} from '@tidemark/streams'

/** Where the parts of a transaction go. */
export interface TransactionTopics {
  readonly topics: {
    readonly trades: string
    readonly deadLetters: string
    readonly positions: string
    readonly gaps: string
  }
  readonly codecs: {
    readonly trade: Codec<Trade>
    readonly position: Codec<TradePosition>
    readonly gap: Codec<TradeGap>
  }
}

interface TradeTransactionOptions {
  readonly to: TransactionTopics
  /** Has nothing of another transaction. */
  readonly collector: RecordCollector
  /** How far the symbols were before it. */
  readonly committed: ReadonlyMap<string, TradePosition>
}

/** What one transaction is made of: its records, and what becomes a figure or a position once it is committed. */
export class TradeTransaction {
  readonly #to: TransactionTopics
  readonly #collector: RecordCollector
  readonly #committed: ReadonlyMap<string, TradePosition>
  /** When its trades had arrived. */
  readonly receivedMs: number[] = []
  /** What was sent ahead of the commit: written again where the transaction has to be made anew. */
  readonly sent: OutputBatch[] = []
  /** Of its dead letters. */
  readonly codes: RejectCode[] = []
  /** Of its gaps. */
  readonly statuses: string[] = []
  /** Of the symbols that it moves. */
  readonly positions = new Map<string, TradePosition>()
  heartbeats = 0
  #sentBytes = 0
  #isSealed = false

  constructor({ to, collector, committed }: TradeTransactionOptions) {
    this.#to = to
    this.#collector = collector
    this.#committed = committed
  }

  /** Bytes of its records, sent or not. */
  get bufferedBytes(): number {
    return this.#sentBytes + this.#collector.bufferedBytes
  }

  get isEmpty(): boolean {
    return this.sent.length === 0 && this.#collector.bufferedRecords === 0
  }

  /** Throws where a symbol's ids do not ascend: that is a bug of the feed. */
  add(item: FeedItem): void {
    if (this.#isSealed) throw new Error('a transaction whose commit is under way takes no more records')
    switch (item.kind) {
      case 'trade':
        return this.#addTrade(item.trade)
      case 'rejected':
        return this.#addDeadLetter(item)
      case 'gap':
        return this.#addGap(item.gap)
      case 'heartbeat':
        return this.#addHeartbeat(item.symbol, item.watermarkMs)
    }
  }

  /** Nothing more comes: where this leads to is added, as its end. */
  seal(): void {
    if (this.#isSealed) return
    this.#isSealed = true
    this.addPositions()
  }

  /** Adds where the symbols are by now. */
  addPositions(): void {
    const { topics, codecs } = this.#to
    for (const [key, value] of this.positions) {
      const timestampMs = value.trade_time_ms
      this.#collector.add({ topic: topics.positions, key, value, codec: codecs.position, timestampMs })
    }
  }

  /** What was added since the last call, as copies: they have to last until the commit, and the collector's buffers are for what comes next. */
  take(): readonly OutputBatch[] {
    const batches = this.#collector.batches().map((batch) => ({ ...batch, records: Buffer.from(batch.records) }))
    this.#sentBytes += this.#collector.bufferedBytes
    this.sent.push(...batches)
    this.#collector.clear()
    return batches
  }

  /** Where a symbol is once this is committed. */
  positionOf(symbol: string): TradePosition | undefined {
    return this.positions.get(symbol) ?? this.#committed.get(symbol)
  }

  #addTrade(trade: Trade): void {
    const { symbol, trade_id: id, trade_time_ms: timestampMs } = trade
    const before = this.positionOf(symbol)
    if (before !== undefined && id <= before.trade_id) {
      throw new Error(`${symbol}: trade ${id} came after ${before.trade_id}: the feed hands out ids in ascending order`)
    }
    const { topics, codecs } = this.#to
    this.#collector.add({ topic: topics.trades, key: symbol, value: trade, codec: codecs.trade, timestampMs })
    this.positions.set(symbol, { ...positionAt(symbol, before), trade_id: id, trade_time_ms: timestampMs })
    this.receivedMs.push(trade.ingestion_time_ms)
  }

  #addGap(gap: TradeGap): void {
    const { topics, codecs } = this.#to
    const { symbol, status, from_trade_id, to_trade_id } = gap
    const timestampMs = gap.resolved_at_ms ?? gap.detected_at_ms
    this.#collector.add({ topic: topics.gaps, key: symbol, value: gap, codec: codecs.gap, timestampMs })
    const before = positionAt(symbol, this.positionOf(symbol))
    const decided = { trade_id: Math.max(before.trade_id, to_trade_id), open_gap_from_id: null }
    const change = status === 'open' ? { open_gap_from_id: from_trade_id } : decided
    this.positions.set(symbol, { ...before, ...change })
    this.statuses.push(status)
  }

  #addHeartbeat(symbol: string, watermarkMs: number): void {
    const before = this.positionOf(symbol)
    if (before === undefined) throw new Error(`${symbol}: a heartbeat before its first trade`)
    const headers = [{ key: WATERMARK_HEADER, value: Buffer.from(String(watermarkMs)) }]
    const topic = this.#to.topics.trades
    this.#collector.addBytes({ topic, key: Buffer.from(symbol), value: null, timestampMs: watermarkMs, headers })
    this.positions.set(symbol, { ...before, watermark_ms: watermarkMs })
    this.heartbeats++
  }

  #addDeadLetter(rejected: RejectedFrame): void {
    const { code, message, bytes, receivedAtMs } = rejected
    this.#collector.addBytes(
      deadLetterRecord({
        topic: this.#to.topics.deadLetters,
        key: null,
        value: bytes,
        code,
        exception: 'RejectedFrame',
        message,
        attempts: 1,
        ingestionTimeMs: receivedAtMs,
      }),
    )
    this.codes.push(code)
  }
}

/** A position in the order of its schema's fields, as it is read back. */
function positionAt(symbol: string, before: TradePosition | undefined): TradePosition {
  return before ?? { symbol, trade_id: -1, trade_time_ms: 0, watermark_ms: null, open_gap_from_id: null }
}
