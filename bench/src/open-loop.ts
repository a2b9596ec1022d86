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
  readonly windowMs: number
  readonly graceMs: number
  readonly recordsPerS: number
  readonly count: number
  /** When the first record is due. */
  readonly startMs: number
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
  /** Of each symbol, the starts of the windows that its records fall into. */
  readonly #windows: Map<string, Set<number>>

  constructor(options: OpenLoopOptions) {
    const { partitions, symbols } = options
    this.#options = options
    this.#due = Array.from({ length: partitions }, () => [])
    this.#partitions = new Map(symbols.map((symbol) => [symbol, partitionForKey(Buffer.from(symbol), partitions)]))
    this.#windows = new Map(symbols.map((symbol) => [symbol, new Set()]))
  }

  /** Resolves when all have been written. */
  async run(): Promise<void> {
    const { kafka, topic, symbols, recordsPerS, count, startMs, nowMs } = this.#options
    const producer = kafka.producer({})
    const collector = new RecordCollector(producer)
    const codec = await tradeCodec(topic)
    await codec.prepare?.()
    await collector.open(topic)
    const market = trades({ count, symbols, stepMs: 1, seed: 2 })
    for (let sent = 0; sent < count;) {
      const due = Math.min(count, Math.floor(((nowMs() - startMs) * recordsPerS) / 1_000))
      for (; sent < due; sent++) {
        const dueMs = startMs + (sent * 1_000) / recordsPerS
        const timestampMs = Math.floor(dueMs)
        const value = { ...(market.next().value as Trade), trade_time_ms: timestampMs }
        collector.add({ topic, key: value.symbol, value, codec, timestampMs })
        this.#take(value.symbol, dueMs)
      }
      await collector.flush()
      await delay(TICK_MS)
    }
    await producer.close()
  }

  /** How many results there are of windows that begin at a time or later and that a record so far has closed. */
  closedWindows(fromMs: number): number {
    const { windowMs, graceMs } = this.#options
    let closed = 0
    for (const [symbol, starts] of this.#windows) {
      for (const startMs of starts) {
        if (startMs >= fromMs && this.dueOfFirst(symbol, startMs + windowMs + graceMs) !== undefined) closed++
      }
    }
    return closed
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

  #take(symbol: string, dueMs: number): void {
    const { windowMs } = this.#options
    this.#due[this.#partitions.get(symbol)!]!.push(dueMs)
    this.#windows.get(symbol)!.add(Math.floor(dueMs / windowMs) * windowMs)
  }
}
