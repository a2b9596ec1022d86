import { setTimeout as delay } from 'node:timers/promises'
import type { Trade } from '@tidemark/schemas'
import { partitionForKey, RecordCollector, type KafkaPorts } from '@tidemark/streams'
import { tradeCodec } from './trade-codec.ts'
import { trades } from './trades.ts'

export interface OpenLoopOptions {
  readonly kafka: KafkaPorts
  readonly topic: string
  readonly symbols: readonly string[]
  readonly partitions: number
  readonly recordsPerS: number
  readonly count: number
  /** Milliseconds since 1970, with a fraction. */
  readonly nowMs: () => number
}

const TICK_MS = 2

/**
 * Writes records at the times they are due, whether or not those before them have been taken: a record that leaves late counts from
 * when it was due. Event time is when it was due.
 */
export class OpenLoop {
  readonly #options: OpenLoopOptions
  /** When the records of each partition were due, in order. */
  readonly #due: number[][]
  readonly #partitions: Map<string, number>

  constructor(options: OpenLoopOptions) {
    const { partitions, symbols } = options
    this.#options = options
    this.#due = Array.from({ length: partitions }, () => [])
    this.#partitions = new Map(symbols.map((symbol) => [symbol, partitionForKey(Buffer.from(symbol), partitions)]))
  }

  /** Resolves when all have been written. */
  async run(): Promise<void> {
    const { kafka, topic, symbols, recordsPerS, count, nowMs } = this.#options
    const producer = kafka.producer({})
    const collector = new RecordCollector(producer)
    const codec = await tradeCodec(topic)
    await codec.prepare?.()
    await collector.open(topic)
    const market = trades({ count, symbols, stepMs: 1, seed: 2 })
    const startMs = nowMs()
    for (let sent = 0; sent < count;) {
      const due = Math.min(count, Math.floor(((nowMs() - startMs) * recordsPerS) / 1_000))
      for (; sent < due; sent++) {
        const dueMs = startMs + (sent * 1_000) / recordsPerS
        const timestampMs = Math.floor(dueMs)
        const value = { ...(market.next().value as Trade), trade_time_ms: timestampMs }
        collector.add({ topic, key: value.symbol, value, codec, timestampMs })
        this.#due[this.#partitions.get(value.symbol)!]!.push(dueMs)
      }
      await collector.flush()
      await delay(TICK_MS)
    }
    await producer.close()
  }

  /** When the first record was due, in the partition of a symbol, that has this event time or a later one. */
  dueOfFirst(symbol: string, eventTimeMs: number): number | undefined {
    const due = this.#due[this.#partitions.get(symbol)!]!
    let [low, high] = [0, due.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (Math.floor(due[middle]!) < eventTimeMs) low = middle + 1
      else high = middle
    }
    return due[low]
  }
}
