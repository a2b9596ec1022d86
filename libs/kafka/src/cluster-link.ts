import { StreamsError, type TopicPartition } from '@tidemark/streams'
import type { BrokerConnection } from './broker-connection.ts'
import type { ServerAddress } from './connection-options.ts'
import { KafkaErrorCode, kafkaError } from './kafka-error.ts'
import type { KafkaLogger } from './logger.ts'
import type { Call } from './protocol/call.ts'
import { metadataCall, type BrokerAddress, type PartitionMetadata, type TopicMetadata } from './protocol/metadata.ts'
import { isLoud, retrying } from './retry.ts'
import type { Time } from './time.ts'

/** A topic may just have been created, and this broker not know it yet: it is asked for again for this long. */
const NEW_TOPIC_PATIENCE_MS = 5_000

export interface ClusterLinkOptions {
  readonly bootstrapServers: readonly ServerAddress[]
  readonly connect: (address: ServerAddress) => BrokerConnection
  readonly time: Time
  readonly logger: KafkaLogger
  readonly retryForMs: number
}

/**
 * Connections to the brokers of one cluster, and what is known of its topics. A request that waits at the broker holds up those
 * behind it on its connection, so fetching, producing and group membership each have a link of their own.
 */
export class ClusterLink {
  readonly time: Time
  readonly logger: KafkaLogger
  readonly retryForMs: number
  readonly #options: ClusterLinkOptions
  readonly #brokers = new Map<number, BrokerConnection>()
  readonly #seeds = new Map<string, BrokerConnection>()
  readonly #topics = new Map<string, TopicMetadata>()
  readonly #closing = new AbortController()

  constructor(options: ClusterLinkOptions) {
    this.#options = options
    this.time = options.time
    this.logger = options.logger
    this.retryForMs = options.retryForMs
  }

  /** Aborts when the link is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal
  }

  /**
   * Sends to one broker. Rejects with a retriable error for a broker that is not, or no longer, known or at this address, and where
   * the connection is lost; with one that is final once the link is closed.
   */
  async send<T>(nodeId: number, call: Call<T>): Promise<T> {
    if (this.signal.aborted) throw new StreamsError('broker-unavailable', `broker ${nodeId}: the client is closed`)
    const broker = this.#brokers.get(nodeId)
    if (broker === undefined) {
      throw new StreamsError('broker-unavailable', `broker ${nodeId} is not known`, { retriable: true })
    }
    return await broker.send(call).catch((error: unknown) => {
      throw this.signal.aborted ? final(error) : error
    })
  }

  /** Sends to whichever broker answers first in line: the known ones, then the bootstrap servers. */
  async sendToAny<T>(call: Call<T>): Promise<T> {
    let failure: unknown
    for (const broker of this.#everyBroker()) {
      if (this.signal.aborted) break
      try {
        return await broker.send(call)
      } catch (error) {
        if (!(error instanceof StreamsError) || !error.retriable) throw error
        failure = error
      }
    }
    const servers = this.#options.bootstrapServers.map(({ host, port }) => `${host}:${port}`).join(', ')
    const reason = failure instanceof Error ? failure.message : 'closed'
    throw new StreamsError('broker-unavailable', `no broker of ${servers} answers: ${reason}`, {
      retriable: !this.signal.aborted,
      cause: failure,
    })
  }

  /** Asks anew where these topics are led, once. Topics that do not exist are in the answer with their error code. */
  async refresh(topics: readonly string[]): Promise<void> {
    const response = await this.sendToAny(metadataCall(topics))
    for (const broker of response.brokers) this.learnBroker(broker)
    for (const topic of response.topics) this.#topics.set(topic.topic, topic)
  }

  /** Makes a broker known under its id. One that has moved is reached at its new address; what is under way at the old one fails, retriable. Does nothing once the link is closed. */
  learnBroker({ nodeId, host, port }: BrokerAddress): void {
    if (this.signal.aborted) return
    const known = this.#brokers.get(nodeId)
    if (known?.address.host === host && known.address.port === port) return
    this.#brokers.set(nodeId, this.#options.connect({ host, port }))
    void known?.close()
  }

  /** The leader as last heard, or undefined while there is none known. */
  leaderOf({ topic, partition }: TopicPartition): number | undefined {
    const known = this.#topics.get(topic)?.partitions.find((candidate) => candidate.partition === partition)
    return known === undefined || known.leaderId < 0 ? undefined : known.leaderId
  }

  /** Whether a topic existed when it was last asked for. */
  exists(topic: string): boolean {
    const errorCode = this.#topics.get(topic)?.errorCode
    return errorCode === KafkaErrorCode.none || errorCode === KafkaErrorCode.leaderNotAvailable
  }

  /** A topic's partitions as last heard. */
  partitionsOf(topic: string): readonly PartitionMetadata[] {
    return this.#topics.get(topic)?.partitions ?? []
  }

  /** Forgets what is known of a topic, so that the next question is asked of a broker. */
  forget(topic: string): void {
    this.#topics.delete(topic)
  }

  /**
   * How many partitions a topic has, by what is known or else by asking. Rejects with `topic-missing`, naming the topic, where
   * it does not exist and does not appear within some seconds.
   */
  async partitionCount(topic: string): Promise<number> {
    const known = this.#topics.get(topic)
    if (known !== undefined && known.errorCode === KafkaErrorCode.none) return known.partitions.length
    return await this.freshPartitionCount(topic)
  }

  /** The same, always by asking. */
  async freshPartitionCount(topic: string): Promise<number> {
    const missingFromMs = this.time.nowMs()
    return await this.retry(`metadata of topic ${topic}`, async () => {
      await this.refresh([topic])
      const metadata = this.#topics.get(topic)
      const errorCode = metadata?.errorCode ?? KafkaErrorCode.unknownTopicOrPartition
      if (errorCode === KafkaErrorCode.none && metadata !== undefined) return metadata.partitions.length
      const patient = this.time.nowMs() - missingFromMs < NEW_TOPIC_PATIENCE_MS
      if (errorCode === KafkaErrorCode.unknownTopicOrPartition && !patient) {
        throw new StreamsError('topic-missing', `topic ${topic} does not exist: create it first, or check its name`)
      }
      throw kafkaError(errorCode, `topic ${topic}`)
    })
  }

  /** Repeats transient failures for the configured time, or until the link is closed. */
  async retry<T>(subject: string, operation: () => Promise<T>): Promise<T> {
    return await retrying(operation, {
      time: this.time,
      forMs: this.retryForMs,
      signal: this.signal,
      onRetry: (error, attempt) => {
        const level = isLoud(attempt) ? 'warn' : 'debug'
        this.logger[level]({ attempt, code: error.code }, `${subject}: trying again: ${error.message}`)
      },
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#brokers.values(), ...this.#seeds.values()].map((broker) => broker.close()))
  }

  *#everyBroker(): Generator<BrokerConnection> {
    yield* [...this.#brokers.values()]
    for (const address of this.#options.bootstrapServers) {
      const key = `${address.host}:${address.port}`
      const seed = this.#seeds.get(key) ?? this.#options.connect(address)
      this.#seeds.set(key, seed)
      yield seed
    }
  }
}

/** What was given up with the link is not tried again. */
function final(error: unknown): unknown {
  if (!(error instanceof StreamsError) || !error.retriable) return error
  return new StreamsError(error.code, `${error.message}: the client is closed`, { cause: error })
}
