import type { FeedItem, RejectCode, RejectedFrame } from '@tidemark/binance'
import type { Trade, TradeGap, TradePosition } from '@tidemark/schemas'
import { unlessStopped } from '@tidemark/service'
import {
  deadLetterRecord,
  RecordCollector,
  StreamsError,
  WATERMARK_HEADER,
  type Codec,
  type LogReaderPort,
  type OutputBatch,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import { readPositions, type HeldUp } from './read-positions.ts'

export interface TradeWriterOptions {
  readonly producer: TransactionalProducerPort
  readonly log: LogReaderPort
  /** The symbols that this writer, and no other shard's, writes now. */
  readonly symbols: () => readonly string[]
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
  /** Kafka has trades which arrived at these times of this machine's day, though nobody sees them before they are committed. */
  readonly onAcknowledged?: (receivedMs: readonly number[]) => void
  /** Reading the positions, at the start or after a failure, has to wait for transactions of other shards. */
  readonly onHeldUp?: (heldUp: HeldUp) => void
}

/** What is committed since the start. */
export interface WrittenFigures {
  readonly produced: number
  readonly heartbeats: number
  readonly dlqByCode: ReadonlyMap<RejectCode, number>
  readonly gapsByStatus: ReadonlyMap<string, number>
  readonly positions: ReadonlyMap<string, TradePosition>
}

/** The part of a transaction that becomes a figure once it is committed. */
interface Pending {
  readonly receivedMs: number[]
  /** How many of them were acknowledged ahead of the commit. */
  acknowledged: number
  /** What was sent ahead of the commit: written again where the transaction has to be made anew. */
  readonly sent: OutputBatch[]
  sentBytes: number
  heartbeats: number
  readonly codes: RejectCode[]
  readonly statuses: string[]
  readonly positions: Map<string, TradePosition>
}

/**
 * Writes what a feed gives, exactly once: trades, heartbeats, dead letters, gaps and the positions that these lead to become visible
 * together. Whoever opened a transactional id last is its only writer. Not for concurrent calls.
 */
export class TradeWriter {
  readonly #options: TradeWriterOptions
  readonly #collector: RecordCollector
  readonly #positions = new Map<string, TradePosition>()
  readonly #dlqByCode = new Map<RejectCode, number>()
  readonly #gapsByStatus = new Map<string, number>()
  #pending = nothingPending()
  #isSealed = false
  #mustRecover = false
  /** Why the last send failed, until the commit has told. */
  #sendFailure: Error | undefined
  #produced = 0
  #heartbeats = 0

  constructor(options: TradeWriterOptions) {
    this.#options = options
    const { log } = options
    this.#collector = new RecordCollector({
      partitionCount: (topic) => log.partitionCount(topic),
      send: () => Promise.reject(new StreamsError('protocol', 'records of a transaction are sent by its writer')),
    })
  }

  get figures(): WrittenFigures {
    return {
      produced: this.#produced,
      heartbeats: this.#heartbeats,
      dlqByCode: this.#dlqByCode,
      gapsByStatus: this.#gapsByStatus,
      positions: this.#positions,
    }
  }

  /** Bytes of the transaction, sent or not. */
  get bufferedBytes(): number {
    return this.#pending.sentBytes + this.#collector.bufferedBytes
  }

  get isEmpty(): boolean {
    return this.#pending.sent.length === 0 && this.#collector.bufferedRecords === 0
  }

  /**
   * Fences earlier writers and says how far they have come, all of it: waits for transactions that other shards have open. Rejects with a
   * `StreamsError` where a topic is missing, or Kafka can't be reached, and with a `StopRequestedError` where the signal is aborted.
   */
  async open(signal?: AbortSignal): Promise<ReadonlyMap<string, TradePosition>> {
    const { producer, topics, codecs } = this.#options
    for (const codec of Object.values(codecs)) await codec.prepare?.()
    for (const topic of Object.values(topics)) await this.#collector.open(topic)
    await producer.init()
    signal?.throwIfAborted()
    const reading = this.#readPositions()
    const found = await (signal === undefined ? reading : unlessStopped(reading, { signal }))
    for (const [symbol, position] of found) this.#positions.set(symbol, position)
    return this.#positions
  }

  /**
   * Reads how far symbols are that are followed from now on: another shard may have written of them since `open`. Rejects as that does.
   */
  async takeUp(symbols: readonly string[]): Promise<void> {
    const before = symbols.map((symbol) => this.#positions.get(symbol))
    const found = await this.#readPositions()
    for (const [index, symbol] of symbols.entries()) {
      const position = found.get(symbol)
      // What was committed here while it was read is further on.
      if (position !== undefined && this.#positions.get(symbol) === before[index]) this.#positions.set(symbol, position)
    }
  }

  /** Takes an item into the transaction. Throws where a symbol's ids do not ascend: that is a bug of the feed. */
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

  /**
   * Sends what was added since the last call into the transaction, ahead of its commit; resolves when it is acknowledged. A failure is
   * told by the commit, and until then nothing more is sent.
   */
  async send(): Promise<void> {
    if (this.#mustRecover || this.#collector.bufferedRecords === 0) return
    // The first has positions too: all that the transaction has part in is then known to Kafka, and its commit a round trip shorter.
    if (this.#pending.sent.length === 0) this.#addPositions()
    try {
      await this.#sendNow(this.#takeCollected())
    } catch (error) {
      this.#mustRecover = true
      this.#sendFailure = error as Error
    }
  }

  /**
   * Commits what was added. Rejects with a retriable `StreamsError` where it is not known whether it is committed, or where a send has
   * failed: calling again first finds out, and writes all of it again if it is not. Rejects with code `fenced` where another writer has
   * taken over, or has been there meanwhile. Returns when each of its trades had arrived, by this machine's time of day.
   */
  async commit(): Promise<readonly number[]> {
    if (this.isEmpty) return []
    this.#seal()
    if (this.#sendFailure !== undefined) {
      const failure = this.#sendFailure
      this.#sendFailure = undefined
      throw failure
    }
    const { producer } = this.#options
    let batches = this.#takeCollected()
    if (this.#mustRecover) {
      await producer.init()
      const isCommitted = this.#isCommitted(await this.#readPositions())
      this.#mustRecover = false
      if (isCommitted) return this.#committed()
      batches = this.#pending.sent
    }
    this.#mustRecover = true
    // The commit follows what is sent, and fails with it.
    const sending = this.#sendNow(batches).catch(() => undefined)
    await producer.commit({ batches: [], groupId: '', offsets: [] })
    await sending
    this.#mustRecover = false
    return this.#committed()
  }

  #addTrade(trade: Trade): void {
    const { symbol, trade_id: id, trade_time_ms: timestampMs } = trade
    const before = this.#positionOf(symbol)
    if (before !== undefined && id <= before.trade_id) {
      throw new Error(`${symbol}: trade ${id} came after ${before.trade_id}: the feed hands out ids in ascending order`)
    }
    const { topics, codecs } = this.#options
    this.#collector.add({ topic: topics.trades, key: symbol, value: trade, codec: codecs.trade, timestampMs })
    this.#pending.positions.set(symbol, { ...positionAt(symbol, before), trade_id: id, trade_time_ms: timestampMs })
    this.#pending.receivedMs.push(trade.ingestion_time_ms)
  }

  #addGap(gap: TradeGap): void {
    const { topics, codecs } = this.#options
    const { symbol, status, from_trade_id, to_trade_id } = gap
    const timestampMs = gap.resolved_at_ms ?? gap.detected_at_ms
    this.#collector.add({ topic: topics.gaps, key: symbol, value: gap, codec: codecs.gap, timestampMs })
    const before = positionAt(symbol, this.#positionOf(symbol))
    const decided = { trade_id: Math.max(before.trade_id, to_trade_id), open_gap_from_id: null }
    const change = status === 'open' ? { open_gap_from_id: from_trade_id } : decided
    this.#pending.positions.set(symbol, { ...before, ...change })
    this.#pending.statuses.push(status)
  }

  #addHeartbeat(symbol: string, watermarkMs: number): void {
    const before = this.#positionOf(symbol)
    if (before === undefined) throw new Error(`${symbol}: a heartbeat before its first trade`)
    const headers = [{ key: WATERMARK_HEADER, value: Buffer.from(String(watermarkMs)) }]
    const topic = this.#options.topics.trades
    this.#collector.addBytes({ topic, key: Buffer.from(symbol), value: null, timestampMs: watermarkMs, headers })
    this.#pending.positions.set(symbol, { ...before, watermark_ms: watermarkMs })
    this.#pending.heartbeats++
  }

  #addDeadLetter(rejected: RejectedFrame): void {
    const { code, message, bytes, receivedAtMs } = rejected
    this.#collector.addBytes(
      deadLetterRecord({
        topic: this.#options.topics.deadLetters,
        key: null,
        value: bytes,
        code,
        exception: 'RejectedFrame',
        message,
        attempts: 1,
        ingestionTimeMs: receivedAtMs,
      }),
    )
    this.#pending.codes.push(code)
  }

  #positionOf(symbol: string): TradePosition | undefined {
    return this.#pending.positions.get(symbol) ?? this.#positions.get(symbol)
  }

  #seal(): void {
    if (this.#isSealed) return
    this.#isSealed = true
    this.#addPositions()
  }

  #addPositions(): void {
    const { topics, codecs } = this.#options
    for (const [key, value] of this.#pending.positions) {
      const timestampMs = value.trade_time_ms
      this.#collector.add({ topic: topics.positions, key, value, codec: codecs.position, timestampMs })
    }
  }

  /** What was added since the last call, as copies: they have to last until the commit, and the collector's buffers are for what comes next. */
  #takeCollected(): readonly OutputBatch[] {
    const batches = this.#collector.batches().map((batch) => ({ ...batch, records: Buffer.from(batch.records) }))
    this.#pending.sentBytes += this.#collector.bufferedBytes
    this.#pending.sent.push(...batches)
    this.#collector.clear()
    return batches
  }

  async #sendNow(batches: readonly OutputBatch[]): Promise<void> {
    const until = this.#pending.receivedMs.length
    await this.#options.producer.send(batches)
    this.#acknowledged(until)
  }

  /**
   * Whether the transaction is in Kafka. All symbols of this writer are where it left them, or, those of the transaction, where that takes
   * them: each differs from the one before. One of dead letters alone can't be found, and is written again. Throws for anything else:
   * another writer was there between, and knows of the same trades.
   */
  #isCommitted(found: ReadonlyMap<string, TradePosition>): boolean {
    const { positions } = this.#pending
    const symbols = [...new Set([...positions.keys(), ...this.#options.symbols()])]
    const isFound = (symbol: string, at: TradePosition | undefined): boolean =>
      JSON.stringify(found.get(symbol)) === JSON.stringify(at)
    if (positions.size > 0 && symbols.every((symbol) => isFound(symbol, this.#positionOf(symbol)))) return true
    const moved = symbols.find((symbol) => !isFound(symbol, this.#positions.get(symbol)))
    if (moved === undefined) return false
    const [left, at] = [this.#positions.get(moved)?.trade_id, found.get(moved)?.trade_id]
    throw new StreamsError(
      'fenced',
      `${moved}: committed here up to trade ${left ?? 'none'}, but its position is ${at ?? 'none'}: another instance with the same shard has written meanwhile`,
    )
  }

  /** Tells of the trades up to this one that were not acknowledged before. */
  #acknowledged(until: number): void {
    const { acknowledged, receivedMs } = this.#pending
    if (until <= acknowledged) return
    this.#pending.acknowledged = until
    this.#options.onAcknowledged?.(receivedMs.slice(acknowledged, until))
  }

  #committed(): readonly number[] {
    const { receivedMs, heartbeats, codes, statuses, positions } = this.#pending
    this.#acknowledged(receivedMs.length)
    this.#produced += receivedMs.length
    this.#heartbeats += heartbeats
    for (const code of codes) this.#dlqByCode.set(code, (this.#dlqByCode.get(code) ?? 0) + 1)
    for (const status of statuses) this.#gapsByStatus.set(status, (this.#gapsByStatus.get(status) ?? 0) + 1)
    for (const [symbol, position] of positions) this.#positions.set(symbol, position)
    this.#collector.clear()
    this.#pending = nothingPending()
    this.#isSealed = false
    return receivedMs
  }

  #readPositions(): Promise<Map<string, TradePosition>> {
    const { log, topics, codecs, onHeldUp } = this.#options
    return readPositions({ log, topic: topics.positions, codec: codecs.position, ...(onHeldUp && { onHeldUp }) })
  }
}

function nothingPending(): Pending {
  return {
    receivedMs: [],
    acknowledged: 0,
    sent: [],
    sentBytes: 0,
    heartbeats: 0,
    codes: [],
    statuses: [],
    positions: new Map(),
  }
}

/** A position in the order of its schema's fields, as it is read back. */
function positionAt(symbol: string, before: TradePosition | undefined): TradePosition {
  return before ?? { symbol, trade_id: -1, trade_time_ms: 0, watermark_ms: null, open_gap_from_id: null }
}
