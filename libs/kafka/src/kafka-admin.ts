import { StreamsError, type CommittedOffset } from '@tidemark/streams'
import kafkajs, { type Admin } from 'kafkajs'
import { AdminSession } from './admin-session.ts'
import { ClusterLink } from './cluster-link.ts'
import { connectionSettings, type KafkaConnectionOptions } from './connection-options.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { partitionName } from './kafka-error.ts'
import { brokerConnector, kafkajsAdmin } from './kafkajs-internals.ts'

/** A topic as it is asked for. */
export interface TopicToCreate {
  readonly name: string
  readonly partitions: number
  /** The broker's `default.replication.factor` if left out. */
  readonly replicationFactor?: number
  /** Settings by Kafka's names, such as `cleanup.policy`. */
  readonly config?: Readonly<Record<string, string>>
}

/** A topic as the cluster has it. */
export interface TopicDescription {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  /** What was set for this topic; what it has by default is left out. */
  readonly config: Readonly<Record<string, string>>
}

/** Topics and groups, for tools and start-up. Rejects with a `StreamsError`. */
export interface KafkaAdmin {
  /**
   * Makes the topics that do not exist, leaves those that do, and resolves with the names of the new ones when each partition
   * of all of them has a leader. An existing topic with another number of partitions is a warning.
   */
  createTopics(topics: readonly TopicToCreate[]): Promise<string[]>
  /** Deletes topics with all their records; those that do not exist are left out. */
  deleteTopics(names: readonly string[]): Promise<void>
  /** Those of the topics that exist, in their order. */
  describe(names: readonly string[]): Promise<TopicDescription[]>
  /** A group's committed offsets in a topic; partitions without one are left out. */
  groupOffsets(groupId: string, topic: string): Promise<CommittedOffset[]>
  close(): Promise<void>
}

/** Connects at the first call; `close` ends its connections. Throws a `StreamsError` for options that are none. */
export function createAdmin(options: KafkaConnectionOptions): KafkaAdmin {
  const settings = connectionSettings(options)
  const { time, logger, retryForMs, bootstrapServers } = settings
  const connect = brokerConnector(settings)
  const link = new ClusterLink({ bootstrapServers, connect, time, logger, retryForMs })
  return new KafkajsAdmin(new AdminSession(kafkajsAdmin(settings)), link)
}

class KafkajsAdmin implements KafkaAdmin {
  readonly #session: AdminSession
  readonly #link: ClusterLink

  constructor(session: AdminSession, link: ClusterLink) {
    this.#session = session
    this.#link = link
  }

  async createTopics(topics: readonly TopicToCreate[]): Promise<string[]> {
    if (topics.length === 0) return []
    const names = topics.map(({ name }) => name)
    // Asked first, with patience: kafkajs itself gives up on a broker that is only just starting.
    await this.#link.retry('metadata', () => this.#link.refresh(names))
    const missing = topics.filter(({ name }) => !this.#link.exists(name))
    const refused = missing.length === 0 ? [] : await this.#create(missing)
    await this.#link.retry('leaders of new topics', () => this.#awaitLeaders(topics))
    return missing.map(({ name }) => name).filter((name) => !refused.includes(name))
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.#link.retry('metadata', () => this.#link.refresh(names))
    const topics = names.filter((name) => this.#link.exists(name))
    for (const name of names) this.#link.forget(name)
    if (topics.length > 0) await this.#session.ask('deleting topics', (admin) => admin.deleteTopics({ topics }))
  }

  async describe(names: readonly string[]): Promise<TopicDescription[]> {
    await this.#link.retry('metadata', () => this.#link.refresh(names))
    const existing = names.filter((name) => this.#link.exists(name))
    if (existing.length === 0) return []
    const resources = existing.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name }))
    const { resources: described } = await this.#ask('describing topics', (admin) =>
      admin.describeConfigs({ resources, includeSynonyms: false }),
    )
    return existing.map((name) => {
      const entries = described.find(({ resourceName }) => resourceName === name)?.configEntries ?? []
      const set = entries.filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG)
      const partitions = this.#link.partitionsOf(name)
      return {
        name,
        partitions: partitions.length,
        replicationFactor: partitions[0]?.replicas.length ?? 0,
        config: Object.fromEntries(set.map(({ configName, configValue }) => [configName, configValue])),
      }
    })
  }

  async groupOffsets(groupId: string, topic: string): Promise<CommittedOffset[]> {
    const count = await this.#link.freshPartitionCount(topic)
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
    return await new GroupCoordinator(this.#link, groupId).committed(partitions)
  }

  async close(): Promise<void> {
    await this.#link.close()
    await this.#session.close()
  }

  /** For what may be carried out twice: an answer that was lost is asked for again. */
  async #ask<T>(subject: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    return await this.#link.retry(subject, () => this.#session.ask(subject, question))
  }

  /** Resolves with the names of topics that someone else made in the meantime, or an attempt whose answer was lost. */
  async #create(topics: readonly TopicToCreate[]): Promise<string[]> {
    const requested = topics.map(({ name, partitions, replicationFactor = -1, config = {} }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    }))
    const existing: string[] = []
    await this.#ask('creating topics', async (admin) => {
      await admin.createTopics({ topics: requested, waitForLeaders: false }).catch((error: unknown) => {
        for (const refusal of refusals(error)) {
          if (refusal.type !== 'TOPIC_ALREADY_EXISTS') throw refused(refusal)
          existing.push(refusal.topic ?? '')
        }
      })
    })
    return existing
  }

  async #awaitLeaders(topics: readonly TopicToCreate[]): Promise<void> {
    await this.#link.refresh(topics.map(({ name }) => name))
    for (const { name, partitions } of topics) {
      const known = this.#link.partitionsOf(name)
      const waiting = known.find(({ leaderId }) => leaderId < 0)
      if (known.length === 0 || waiting !== undefined) {
        const subject = partitionName({ topic: name, partition: waiting?.partition ?? 0 })
        throw new StreamsError('broker-unavailable', `${subject} has no leader yet`, { retriable: true })
      }
      if (known.length === partitions) continue
      const fields = { topic: name, partitions: known.length, wanted: partitions }
      this.#link.logger.warn(
        fields,
        `topic ${name} exists with ${known.length} partitions, not ${partitions}: left as it is`,
      )
    }
  }
}

interface Refusal {
  readonly type?: string
  readonly topic?: string
  readonly message: string
}

/** kafkajs gathers what was refused topic by topic in one error; any other error is thrown on. */
function refusals(error: unknown): Refusal[] {
  if (error instanceof Error && 'errors' in error && Array.isArray(error.errors)) return error.errors as Refusal[]
  throw error
}

function refused({ topic, type, message }: Refusal): StreamsError {
  const code = type?.includes('AUTHORIZATION') === true ? 'not-authorised' : 'protocol'
  return new StreamsError(code, `topic ${topic}: not created: ${type}: ${message}`)
}
