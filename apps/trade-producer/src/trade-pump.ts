import type { FeedBatch, RejectCode, RejectedFrame } from '@tidemark/binance'
import type { Trade } from '@tidemark/schemas'
import { deadLetterRecord, RecordCollector, type Codec, type ProducerPort } from '@tidemark/streams'

/** What is collected beyond this is written before more is taken out of the batch. */
const maxCollectedBytes = 8_000_000

export interface TradePumpOptions {
  readonly producer: ProducerPort
  readonly topic: string
  readonly dlqTopic: string
  readonly codec: Codec<Trade>
  /** The last trade id of each symbol that is in the topic already. */
  readonly lastTradeIds: ReadonlyMap<string, number>
}

/** What was acknowledged by Kafka since the start, and what was dropped as known already. */
export interface PumpFigures {
  readonly produced: number
  readonly dlq: number
  readonly duplicates: number
  readonly dlqByCode: ReadonlyMap<RejectCode, number>
  readonly lastTradeIds: ReadonlyMap<string, number>
}

/**
 * Takes a feed's batches into Kafka, one at a time and each in one write: trades to the topic, keyed by symbol, what could not be
 * understood to the dead letters, both in the order they came. A trade whose id is not above the last one of its symbol is in the
 * topic already and is dropped.
 */
export class TradePump {
  readonly #options: TradePumpOptions
  readonly #collector: RecordCollector
  /** Of what was taken out of the feed; those acknowledged by Kafka follow with each flush. */
  readonly #lastTradeIds: Map<string, number>
  readonly #acknowledgedIds: Map<string, number>
  readonly #dlqByCode = new Map<RejectCode, number>()
  /** What the collector holds, counted once it is acknowledged. */
  #collectedTrades = 0
  readonly #collectedIds = new Map<string, number>()
  #collectedCodes: RejectCode[] = []
  #produced = 0
  #dlq = 0
  #duplicates = 0

  constructor(options: TradePumpOptions) {
    this.#options = options
    this.#collector = new RecordCollector(options.producer)
    this.#lastTradeIds = new Map(options.lastTradeIds)
    this.#acknowledgedIds = new Map(options.lastTradeIds)
  }

  get figures(): PumpFigures {
    return {
      produced: this.#produced,
      dlq: this.#dlq,
      duplicates: this.#duplicates,
      dlqByCode: this.#dlqByCode,
      lastTradeIds: this.#acknowledgedIds,
    }
  }

  /** Looks up what writing needs. Rejects with a `StreamsError` where a topic is missing. */
  async open(): Promise<void> {
    const { topic, dlqTopic, codec } = this.#options
    await codec.prepare?.()
    await this.#collector.open(topic)
    await this.#collector.open(dlqTopic)
  }

  /**
   * Runs until the feed ends; what it gave is acknowledged by then. Rejects with a `StreamsError` where Kafka does not take the
   * records in time: the pump is over then, and a new one starts from what is in the topic.
   */
  async run(feed: AsyncIterable<FeedBatch>): Promise<void> {
    for await (const batch of feed) await this.#write(batch)
  }

  async #write({ items }: FeedBatch): Promise<void> {
    for (const item of items) {
      if (item.kind === 'trade') this.#addTrade(item.trade)
      else this.#addDeadLetter(item)
      if (this.#collector.bufferedBytes >= maxCollectedBytes) await this.#flush()
    }
    await this.#flush()
  }

  #addTrade(trade: Trade): void {
    const { symbol, trade_id: id } = trade
    const lastId = this.#lastTradeIds.get(symbol)
    if (lastId !== undefined && id <= lastId) {
      this.#duplicates++
      return
    }
    this.#lastTradeIds.set(symbol, id)
    this.#collectedIds.set(symbol, id)
    const { topic, codec } = this.#options
    this.#collector.add({ topic, key: symbol, value: trade, codec, timestampMs: trade.trade_time_ms })
    this.#collectedTrades++
  }

  #addDeadLetter(rejected: RejectedFrame): void {
    const { code, message, bytes, receivedAtMs } = rejected
    this.#collector.addBytes(
      deadLetterRecord({
        topic: this.#options.dlqTopic,
        key: null,
        value: bytes,
        code,
        exception: 'RejectedFrame',
        message,
        attempts: 1,
        ingestionTimeMs: receivedAtMs,
      }),
    )
    this.#collectedCodes.push(code)
  }

  async #flush(): Promise<void> {
    await this.#collector.flush()
    this.#produced += this.#collectedTrades
    this.#dlq += this.#collectedCodes.length
    for (const code of this.#collectedCodes) this.#dlqByCode.set(code, (this.#dlqByCode.get(code) ?? 0) + 1)
    for (const [symbol, id] of this.#collectedIds) this.#acknowledgedIds.set(symbol, id)
    this.#collectedTrades = 0
    this.#collectedIds.clear()
    this.#collectedCodes = []
  }
}
