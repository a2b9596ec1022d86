import type { FeedItem } from '@tidemark/binance'
import type { Trade, TradeGap, TradePosition } from '@tidemark/schemas'
import { jsonCodec, StreamsError, type Header } from '@tidemark/streams'
import { InMemoryKafka } from '@tidemark/testing'
import { TradeWriter, type TradeWriterOptions } from './trade-writer.ts'

export const topics = { trades: 'trades', deadLetters: 'letters', positions: 'positions', gaps: 'gaps' }
export const codecs = {
  trade: jsonCodec<Trade>(() => undefined),
  position: jsonCodec<TradePosition>(() => undefined),
  gap: jsonCodec<TradeGap>(() => undefined),
}

export const trade = (id: number, symbol = 'BTCUSDT'): FeedItem => ({
  kind: 'trade',
  trade: { symbol, trade_id: id, trade_time_ms: 1_000 + id } as Trade,
})

interface Stored {
  readonly value: unknown
  readonly headers: readonly Header[]
}

/** A Kafka with a writer's topics, and writers on it. */
export class WriterFixture {
  readonly kafka = new InMemoryKafka()
  /** What its writers follow. */
  symbols: readonly string[] = ['BTCUSDT', 'ETHUSDT']

  constructor() {
    this.kafka.createTopic(topics.trades, 6)
    for (const topic of [topics.deadLetters, topics.positions, topics.gaps]) this.kafka.createTopic(topic)
  }

  producer(shard = 0): TradeWriterOptions['producer'] {
    return this.kafka.transactionalProducer({ transactionalId: `trade-producer-${shard}` })
  }

  writer(changed: Partial<TradeWriterOptions> = {}): TradeWriter {
    const log = this.kafka.logReader()
    return new TradeWriter({ producer: this.producer(), log, symbols: () => this.symbols, topics, codecs, ...changed })
  }

  /** The answer of its nth commit is lost: of one that the broker has carried out, or not. */
  failing(reaches: boolean, nth = 1): TradeWriter {
    const producer = this.producer()
    let commits = 0
    const commit: typeof producer.commit = async (transaction) => {
      if (++commits !== nth) return producer.commit(transaction)
      if (reaches) await producer.commit(transaction)
      throw new StreamsError('broker-unavailable', 'no answer', { retriable: true })
    }
    return this.writer({ producer: { ...producer, commit } })
  }

  stored(topic: string): Stored[] {
    return this.kafka.partitions(topic).flatMap((_unused, partition) =>
      this.kafka.batchesFrom({ topic, partition }, 0).flatMap((batch) => {
        const records: Stored[] = []
        for (const cursor = batch.cursor(); cursor.next();) {
          const text = cursor.value()?.toString()
          records.push({ value: text ? JSON.parse(text) : null, headers: cursor.headers() })
        }
        return records
      }),
    )
  }

  /** Of heartbeats undefined. */
  tradeIds(): (number | undefined)[] {
    return this.stored(topics.trades).map(({ value }) => (value as Trade | null)?.trade_id)
  }
}
