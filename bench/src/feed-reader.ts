import type { KafkaPorts, RecordCursor } from '@tidemark/streams'
import { FeedIds } from './feed-ids.ts'
import { dueMs, type PublishedIds } from './feed-market.ts'
import { Latencies, type Percentiles } from './percentiles.ts'

/** The part of a trade that is read back. */
export interface ReadTrade {
  readonly trade_id: number
  readonly trade_time_ms: number
}

export interface FeedReaderOptions {
  readonly kafka: KafkaPorts
  readonly topic: string
  /** Undefined for a record that is no trade. */
  readonly read: (cursor: RecordCursor) => ReadTrade | undefined
  /** Milliseconds since 1970, with a fraction. */
  readonly nowMs: () => number
}

/** Which trades are measured: those due in it. Milliseconds since 1970. */
export interface MeasuredPart {
  readonly marketBeganMs: number
  readonly fromMs: number
  readonly toMs: number
}

export interface FeedFigures {
  readonly taken: number
  readonly doubled: number
  readonly lost: number
  /** From when a trade was due on the wire to the broker's time of append; both in whole milliseconds. */
  readonly appended: Percentiles
  /** From when a trade was due on the wire until a reader of committed records had it. */
  readonly readable: Percentiles
}

const POLL_MS = 100

/** Reads what a feed commits, beside it. */
export class FeedReader {
  readonly #options: FeedReaderOptions
  readonly #consumer
  readonly #ids = new FeedIds()
  readonly #appended = new Latencies()
  readonly #readable = new Latencies()
  #part: MeasuredPart | undefined
  #lastReadMs = -Infinity
  #isStopped = false
  #reading: Promise<void> | undefined

  constructor(options: FeedReaderOptions) {
    this.#options = options
    this.#consumer = options.kafka.consumer({ groupId: `${options.topic}-reader` })
  }

  /** Resolves when it has joined its group: what is committed from now on is read at once. */
  async start(): Promise<void> {
    const nothing = () => Promise.resolve()
    const joined = Promise.withResolvers<undefined>()
    const assigned = async () => joined.resolve(undefined)
    this.#consumer.subscribe([this.#options.topic], { assigned, revoked: nothing, lost: nothing })
    this.#reading = this.#read()
    await Promise.race([joined.promise, this.#reading])
  }

  measure(part: MeasuredPart): void {
    this.#part = part
  }

  /** When the last trade came. */
  get lastReadMs(): number {
    return this.#lastReadMs
  }

  /** Ids that have not come yet. */
  missing(published: ReadonlyMap<string, PublishedIds>): number {
    return this.#ids.verdict(published).lost
  }

  async stop(published: ReadonlyMap<string, PublishedIds>): Promise<FeedFigures> {
    this.#isStopped = true
    await this.#reading
    await this.#consumer.close()
    const { percentiles: appended } = this.#appended
    return { ...this.#ids.verdict(published), appended, readable: this.#readable.percentiles }
  }

  async #read(): Promise<void> {
    const { nowMs, read } = this.#options
    while (!this.#isStopped) {
      const batches = await this.#consumer.poll(POLL_MS)
      const readMs = nowMs()
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.next();) {
          const trade = read(cursor)
          if (trade !== undefined) this.#take(trade, cursor, readMs)
        }
      }
    }
  }

  #take({ trade_id, trade_time_ms }: ReadTrade, cursor: RecordCursor, readMs: number): void {
    this.#lastReadMs = readMs
    this.#ids.take(cursor.bytes.toString('latin1', cursor.keyStart, cursor.keyEnd), trade_id)
    if (this.#part === undefined) return
    const due = dueMs(trade_time_ms, this.#part.marketBeganMs)
    if (due < this.#part.fromMs || due >= this.#part.toMs) return
    this.#appended.add(cursor.timestampMs - due)
    this.#readable.add(readMs - due)
  }
}
