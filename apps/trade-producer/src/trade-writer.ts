import type { FeedItem, RejectCode } from '@tidemark/binance'
import type { TradePosition } from '@tidemark/schemas'
import { unlessStopped } from '@tidemark/service'
import {
  RecordCollector,
  StreamsError,
  type LogReaderPort,
  type OutputBatch,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import { readPositions, type HeldUp } from './read-positions.ts'
import { TradeTransaction, type TransactionTopics } from './trade-transaction.ts'

export interface TradeWriterOptions extends TransactionTopics {
  readonly producer: TransactionalProducerPort
  readonly log: LogReaderPort
  /** The symbols that this writer, and no other shard's, writes now. */
  readonly symbols: () => readonly string[]
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
  #transaction: TradeTransaction
  /** How many trades of the transaction were acknowledged ahead of its commit. */
  #acknowledgedTrades = 0
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
    this.#transaction = this.#newTransaction()
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
    return this.#transaction.bufferedBytes
  }

  get isEmpty(): boolean {
    return this.#transaction.isEmpty
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
    this.#transaction.add(item)
  }

  /**
   * Sends what was added since the last call into the transaction, ahead of its commit; resolves when it is acknowledged. A failure is
   * told by the commit, and until then nothing more is sent.
   */
  async send(): Promise<void> {
    if (this.#mustRecover || this.#collector.bufferedRecords === 0) return
    // The first has positions too: all that the transaction has part in is then known to Kafka, and its commit a round trip shorter.
    if (this.#transaction.sent.length === 0) this.#transaction.addPositions()
    try {
      await this.#sendNow(this.#transaction.take())
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
    this.#transaction.seal()
    if (this.#sendFailure !== undefined) {
      const failure = this.#sendFailure
      this.#sendFailure = undefined
      throw failure
    }
    const { producer } = this.#options
    let batches = this.#transaction.take()
    if (this.#mustRecover) {
      await producer.init()
      const isCommitted = this.#isCommitted(await this.#readPositions())
      this.#mustRecover = false
      if (isCommitted) return this.#committed()
      batches = this.#transaction.sent
    }
    this.#mustRecover = true
    // The commit follows what is sent, and fails with it.
    const sending = this.#sendNow(batches).catch(() => undefined)
    await producer.commit({ batches: [], groupId: '', offsets: [] })
    await sending
    this.#mustRecover = false
    return this.#committed()
  }

  async #sendNow(batches: readonly OutputBatch[]): Promise<void> {
    const until = this.#transaction.receivedMs.length
    await this.#options.producer.send(batches)
    this.#acknowledged(until)
  }

  /**
   * Whether the transaction is in Kafka. All symbols of this writer are where it left them, or, those of the transaction, where that takes
   * them: each differs from the one before. One of dead letters alone can't be found, and is written again. Throws for anything else:
   * another writer was there between, and knows of the same trades.
   */
  #isCommitted(found: ReadonlyMap<string, TradePosition>): boolean {
    const { positions } = this.#transaction
    const symbols = [...new Set([...positions.keys(), ...this.#options.symbols()])]
    const isFound = (symbol: string, at: TradePosition | undefined): boolean =>
      JSON.stringify(found.get(symbol)) === JSON.stringify(at)
    if (positions.size > 0 && symbols.every((symbol) => isFound(symbol, this.#transaction.positionOf(symbol))))
      return true
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
    const acknowledged = this.#acknowledgedTrades
    if (until <= acknowledged) return
    this.#acknowledgedTrades = until
    this.#options.onAcknowledged?.(this.#transaction.receivedMs.slice(acknowledged, until))
  }

  #committed(): readonly number[] {
    const { receivedMs, heartbeats, codes, statuses, positions } = this.#transaction
    this.#acknowledged(receivedMs.length)
    this.#produced += receivedMs.length
    this.#heartbeats += heartbeats
    for (const code of codes) this.#dlqByCode.set(code, (this.#dlqByCode.get(code) ?? 0) + 1)
    for (const status of statuses) this.#gapsByStatus.set(status, (this.#gapsByStatus.get(status) ?? 0) + 1)
    for (const [symbol, position] of positions) this.#positions.set(symbol, position)
    this.#collector.clear()
    this.#transaction = this.#newTransaction()
    this.#acknowledgedTrades = 0
    return receivedMs
  }

  #newTransaction(): TradeTransaction {
    return new TradeTransaction({ to: this.#options, collector: this.#collector, committed: this.#positions })
  }

  #readPositions(): Promise<Map<string, TradePosition>> {
    const { log, topics, codecs, onHeldUp } = this.#options
    return readPositions({ log, topic: topics.positions, codec: codecs.position, ...(onHeldUp && { onHeldUp }) })
  }
}
