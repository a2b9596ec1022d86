import { StreamsError, type CommittedOffset, type TopicPartition } from '@tidemark/streams'
import type { GroupDescription as KafkajsGroup } from 'kafkajs'
import { AdminSession } from './admin-session.ts'
import { ClusterLink } from './cluster-link.ts'
import { connectionSettings, type KafkaConnectionOptions } from './connection-options.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { kafkaError, KafkaErrorCode, partitionName } from './kafka-error.ts'
import { brokerConnector, kafkajsAdmin } from './kafkajs-internals.ts'
import { logOffsets } from './log-offsets.ts'
import { offsetCommitCall } from './protocol/offset-commit.ts'

/** A consumer group as its coordinator has it. */
export interface GroupDescription {
  readonly groupId: string
  /** As the broker names it: `Stable`, `Empty`, `Dead` (there is no such group) or a kind of rebalance. */
  readonly state: string
  readonly members: readonly { readonly memberId: string; readonly clientId: string; readonly host: string }[]
}

/** What an operator does to a cluster beside an application, such as a reset. Rejects with a `StreamsError`. */
export interface KafkaOperations {
  /** Every topic of the cluster, internal ones too, by name. */
  listTopics(): Promise<string[]>
  /** The ids of every consumer group of the cluster. */
  listGroups(): Promise<string[]>
  /** A group's members; a group that does not exist is `Dead` and has none. */
  describeGroup(groupId: string): Promise<GroupDescription>
  /** A group's committed offsets in all topics. */
  committedOffsets(groupId: string): Promise<CommittedOffset[]>
  /** Sets offsets of a group that has no members; the broker refuses it for one that has. */
  setOffsets(groupId: string, offsets: readonly CommittedOffset[]): Promise<void>
  /** Deletes a group with all its offsets; nothing where it does not exist. The broker refuses it for one with members. */
  deleteGroup(groupId: string): Promise<void>
  /** The partitions of a topic in which a transaction is open: readers of committed records do not get to their end. */
  openTransactions(topic: string): Promise<number[]>
  /** Deletes all records of a topic that are there now; the topic and its offsets go on. */
  emptyTopic(topic: string): Promise<void>
  close(): Promise<void>
}

/** Connects at the first call; `close` ends its connections. Throws a `StreamsError` for options that are none. */
export function createOperations(options: KafkaConnectionOptions): KafkaOperations {
  const settings = connectionSettings(options)
  const { time, logger, retryForMs, bootstrapServers } = settings
  const link = new ClusterLink({ bootstrapServers, connect: brokerConnector(settings), time, logger, retryForMs })
  return new KafkajsOperations(new AdminSession(kafkajsAdmin(settings)), link)
}

/** Stands for a commit from outside of the group: accepted while the group has no members. */
const NO_MEMBER = { generation: -1, memberId: '' } as const
/** For kafkajs: up to the last record that is replicated. */
const ALL_RECORDS = '-1'

/** What an offset is set with, by the error code where it is missing. */
const LACKING_RIGHTS: ReadonlyMap<number, string> = new Map([
  [KafkaErrorCode.topicAuthorizationFailed, 'Read of the topic'],
  [KafkaErrorCode.groupAuthorizationFailed, 'Read of the group'],
])

class KafkajsOperations implements KafkaOperations {
  readonly #session: AdminSession
  readonly #link: ClusterLink

  constructor(session: AdminSession, link: ClusterLink) {
    this.#session = session
    this.#link = link
  }

  async listTopics(): Promise<string[]> {
    return (await this.#session.ask('listing topics', (admin) => admin.listTopics())).sort()
  }

  async listGroups(): Promise<string[]> {
    const { groups } = await this.#session.ask('listing groups', (admin) => admin.listGroups())
    return groups.map(({ groupId }) => groupId).sort()
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    const { groups } = await this.#session.ask(`group ${groupId}: describing it`, (admin) =>
      admin.describeGroups([groupId]),
    )
    const [group] = groups as (KafkajsGroup & { errorCode?: number })[]
    if (group === undefined) throw new StreamsError('protocol', `group ${groupId}: the broker did not describe it`)
    const { state, members, errorCode = 0 } = group
    if (errorCode !== KafkaErrorCode.none) throw kafkaError(errorCode, `group ${groupId}: describing it`)
    return {
      groupId,
      state,
      members: members.map(({ memberId, clientId, clientHost }) => ({ memberId, clientId, host: clientHost })),
    }
  }

  async committedOffsets(groupId: string): Promise<CommittedOffset[]> {
    const topics = await this.#session.ask(`group ${groupId}: committed offsets`, (admin) =>
      admin.fetchOffsets({ groupId }),
    )
    return topics
      .flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset, metadata }) => ({
          topic,
          partition,
          offset: Number(offset),
          metadata: metadata ?? '',
        })),
      )
      .filter(({ offset }) => offset >= 0)
      .sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
  }

  async setOffsets(groupId: string, offsets: readonly CommittedOffset[]): Promise<void> {
    if (offsets.length === 0) return
    const call = offsetCommitCall({ groupId, ...NO_MEMBER }, offsets)
    const results = await new GroupCoordinator(this.#link, groupId).askAgain(call, (answer) =>
      answer.map(({ errorCode }) => errorCode),
    )
    const failed = results.find(({ errorCode }) => errorCode !== KafkaErrorCode.none)
    if (failed !== undefined) throw offsetNotSet(groupId, failed)
  }

  async deleteGroup(groupId: string): Promise<void> {
    await this.#session.ask(`group ${groupId}: deleting it`, async (admin) => {
      await admin.deleteGroups([groupId]).catch((error: unknown) => {
        const [refusal] = groupRefusals(error)
        if (refusal?.type === 'GROUP_ID_NOT_FOUND') return
        throw refusal?.type === 'NON_EMPTY_GROUP' ? groupHasMembers(groupId) : error
      })
    })
  }

  async openTransactions(topic: string): Promise<number[]> {
    const count = await this.#link.freshPartitionCount(topic)
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
    const ends = await logOffsets(this.#link, { partitions, at: 'latest', isolation: 'read_uncommitted' })
    const stable = await logOffsets(this.#link, { partitions, at: 'latest', isolation: 'read_committed' })
    return partitions.flatMap(({ partition }) => ((stable[partition] ?? 0) < (ends[partition] ?? 0) ? [partition] : []))
  }

  async emptyTopic(topic: string): Promise<void> {
    await this.#session.ask(
      `topic ${topic}: deleting its records (cleanup.policy must contain delete)`,
      async (admin) => {
        // kafkajs only knows leaders of topics it was asked about, and deletes nothing elsewhere.
        const offsets = await admin.fetchTopicOffsets(topic)
        const partitions = offsets.map(({ partition }) => ({ partition, offset: ALL_RECORDS }))
        await admin.deleteTopicRecords({ topic, partitions })
      },
    )
  }

  async close(): Promise<void> {
    await this.#link.close()
    await this.#session.close()
  }
}

/** Why an offset was not taken. */
export function offsetNotSet(
  groupId: string,
  { errorCode, ...partition }: TopicPartition & { readonly errorCode: number },
): StreamsError {
  if (errorCode === KafkaErrorCode.unknownMemberId) return groupHasMembers(groupId)
  const subject = `group ${groupId}: ${partitionName(partition)}: setting its offset`
  const lacking = LACKING_RIGHTS.get(errorCode)
  return kafkaError(
    errorCode,
    subject,
    lacking && `this user lacks the right ${lacking}: to see it (Describe) is not enough`,
  )
}

function groupHasMembers(groupId: string): StreamsError {
  return new StreamsError('protocol', `group ${groupId} has live members: stop every instance of it first`)
}

/** kafkajs gathers what was refused group by group in one error; any other error has none. */
function groupRefusals(error: unknown): { readonly type?: string }[] {
  if (!(error instanceof Error) || !('groups' in error) || !Array.isArray(error.groups)) return []
  return (error.groups as { error?: { type?: string } }[]).map((group) => group.error ?? {})
}
