import type { ConsumerOptions, KafkaPorts, ProducerOptions, TransactionalProducerOptions } from '@tidemark/streams'
import { ClusterLink } from './cluster-link.ts'
import { connectionSettings, type KafkaConnectionOptions } from './connection-options.ts'
import { ensureTopics } from './ensure-topics.ts'
import { GroupConsumer } from './group-consumer.ts'
import { IdempotentProducer } from './idempotent-producer.ts'
import { createAdmin } from './kafka-admin.ts'
import { brokerConnector } from './kafkajs-internals.ts'
import { TopicLogReader } from './topic-log-reader.ts'
import { TransactionalProducer } from './transactional-producer.ts'

/** How a cluster is reached; brokers besides the bootstrap servers are found through these. */
export interface KafkaClientOptions extends KafkaConnectionOptions {
  /** How long a producer's `send` repeats transient errors before it fails; 120 s if left out. */
  readonly deliveryTimeoutMs?: number
}

/** A member that was killed is replaced after this long; one that closes is replaced at once. */
const DEFAULT_SESSION_TIMEOUT_MS = 10_000
const DEFAULT_REBALANCE_TIMEOUT_MS = 60_000
const DEFAULT_MAX_BUFFERED_BYTES = 32 * 1024 * 1024
const DEFAULT_DELIVERY_TIMEOUT_MS = 120_000
/** An open transaction of a killed producer holds up read_committed readers for as long, unless a new one ends it. */
const DEFAULT_TRANSACTION_TIMEOUT_MS = 15_000

/**
 * The ports of @tidemark/streams over a real cluster. Opens nothing before a port is used. All readers see committed
 * records only. `close` closes every port that is still open.
 */
export function kafkaPorts(options: KafkaClientOptions): KafkaPorts & { close(): Promise<void> } {
  const settings = connectionSettings(options)
  const { time, logger, retryForMs, bootstrapServers } = settings
  const connect = brokerConnector(settings)
  const link = () => new ClusterLink({ bootstrapServers, connect, time, logger, retryForMs })
  // Tasks have a producer each, and there are many: they share their connections.
  let transactionsLink: ClusterLink | undefined
  const open = new Set<{ close(): Promise<void> }>()

  function track<Port extends { close(): Promise<void> }>(make: (onClosed: () => Promise<void>) => Port): Port {
    const port: Port = make(async () => {
      open.delete(port)
    })
    open.add(port)
    return port
  }

  return {
    consumer: (consumer: ConsumerOptions) =>
      track(
        (onClosed) =>
          new GroupConsumer({
            groupLink: link(),
            fetchLink: link(),
            groupId: consumer.groupId,
            sessionTimeoutMs: consumer.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
            rebalanceTimeoutMs: consumer.rebalanceTimeoutMs ?? DEFAULT_REBALANCE_TIMEOUT_MS,
            maxBufferedBytes: consumer.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES,
            startAt: consumer.startAt ?? 'earliest',
            onClosed,
          }),
      ),
    producer: (producer: ProducerOptions) =>
      track(
        (onClosed) =>
          new IdempotentProducer({
            link: link(),
            compression: producer.compression ?? 'none',
            deliveryTimeoutMs: options.deliveryTimeoutMs ?? DEFAULT_DELIVERY_TIMEOUT_MS,
            onClosed,
          }),
      ),
    transactionalProducer: (producer: TransactionalProducerOptions) =>
      track(
        (onClosed) =>
          new TransactionalProducer({
            link: (transactionsLink ??= link()),
            transactionalId: producer.transactionalId,
            transactionTimeoutMs: producer.transactionTimeoutMs ?? DEFAULT_TRANSACTION_TIMEOUT_MS,
            compression: producer.compression ?? 'none',
            onClosed,
          }),
      ),
    logReader: () => track((onClosed) => new TopicLogReader({ link: link(), onClosed })),
    ensureTopics: async (topics) => {
      const admin = createAdmin(options)
      try {
        await ensureTopics(admin, topics)
      } finally {
        await admin.close()
      }
    },
    close: async () => {
      await Promise.all([...open].map((port) => port.close()))
      await transactionsLink?.close()
    },
  }
}
