import { StreamsError, type CommittedOffset, type TopicPartition } from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import { Heartbeat } from './heartbeat.ts'
import { KafkaErrorCode, kafkaError, partitionName } from './kafka-error.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './protocol/consumer-protocol.ts'
import { joinGroupCall, type JoinGroupResponse } from './protocol/join-group.ts'
import { leaveGroupCall } from './protocol/leave-group.ts'
import { offsetCommitCall } from './protocol/offset-commit.ts'
import { syncGroupCall, type GroupMember } from './protocol/sync-group.ts'
import { assignPartitions } from './sticky-assignor.ts'

const JOIN_AGAIN: ReadonlySet<number> = new Set([KafkaErrorCode.rebalanceInProgress, KafkaErrorCode.illegalGeneration])

export interface MembershipOptions {
  readonly coordinator: GroupCoordinator
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly topics: readonly string[]
  /** Asked by the leader when it divides the partitions. */
  readonly partitionCount: (topic: string) => Promise<number>
  /** Told when the group rebalances, or has gone on without this member. */
  onChange(): void
}

/** All members of a group must name the same way of dividing partitions; a change of ours that is incompatible renames it. */
export const ASSIGNOR_NAME = 'tidemark-sticky'
/** A rebalance waits until its last member has heard of it in answer to a heartbeat. */
const MAX_HEARTBEAT_INTERVAL_MS = 1_000
const HEARTBEATS_PER_SESSION = 3
/** Joins that a coordinator turns down in a row before it is an error. */
const MAX_JOIN_ATTEMPTS = 20
const LEAVE_LIMIT_MS = 2_000

/** One member of a consumer group, by the classic protocol with eager rebalances. */
export class GroupMembership {
  readonly #options: MembershipOptions
  readonly #heartbeat: Heartbeat
  #memberId = ''
  #member: GroupMember | undefined
  #owned: readonly TopicPartition[] = []
  #ownedSince = -1
  #left = false

  constructor(options: MembershipOptions) {
    const { coordinator, sessionTimeoutMs } = options
    this.#options = options
    this.#heartbeat = new Heartbeat({
      coordinator,
      intervalMs: Math.min(MAX_HEARTBEAT_INTERVAL_MS, sessionTimeoutMs / HEARTBEATS_PER_SESSION),
      onChange: () => options.onChange(),
    })
  }

  /** `joined`: the partitions are ours. `rebalancing`: give them up, then join. `lost`: others may have them. */
  get state(): 'joined' | 'rebalancing' | 'lost' {
    return this.#member === undefined ? 'lost' : this.#heartbeat.state
  }

  heartbeatAgeMs(): number | undefined {
    return this.#heartbeat.ageMs()
  }

  /** Throws what has made the group unusable, if anything has. */
  throwFailure(): void {
    this.#heartbeat.throwFailure()
  }

  /** Joins, or joins again, and resolves with the partitions that are ours then. */
  async join(): Promise<readonly TopicPartition[]> {
    const { coordinator, topics, partitionCount } = this.#options
    // A topic that is missing is found before the group is made to wait for this member.
    if (this.#memberId === '') for (const topic of topics) await partitionCount(topic)
    for (let attempt = 1; ; attempt++) {
      this.#heartbeat.throwFailure()
      const joined = await this.#askToJoin()
      this.#throwIfLeft()
      const failed = joined.errorCode === KafkaErrorCode.none ? await this.#sync(joined) : joined.errorCode
      if (failed === KafkaErrorCode.none) return this.#owned
      if (failed === KafkaErrorCode.memberIdRequired) this.#memberId = joined.memberId
      else if (failed === KafkaErrorCode.unknownMemberId) this.#memberId = ''
      else if (!JOIN_AGAIN.has(failed)) throw kafkaError(failed, `group ${coordinator.groupId}: joining`)
      if (attempt >= MAX_JOIN_ATTEMPTS)
        throw kafkaError(failed, `group ${coordinator.groupId}: joining ${attempt} times`)
    }
  }

  /** Makes this member give up its partitions and join anew, as if the group rebalanced. */
  joinAnew(): void {
    this.#heartbeat.learn(KafkaErrorCode.rebalanceInProgress)
  }

  /** Commits for the current generation. Rejects with `group-lost` where the group has moved on; `state` then says so. */
  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    const { coordinator } = this.#options
    const member = this.#member
    if (offsets.length === 0) return
    if (member === undefined) {
      throw new StreamsError('group-lost', `group ${coordinator.groupId}: commit by a client that is no member`)
    }
    await coordinator.link.retry(`group ${coordinator.groupId}: commit`, async () => {
      const call = offsetCommitCall(member, offsets)
      const results = await coordinator.ask(call, (response) => response.map(({ errorCode }) => errorCode))
      const failed = results.find(({ errorCode }) => errorCode !== KafkaErrorCode.none)
      if (failed === undefined) return
      this.#heartbeat.learn(failed.errorCode)
      throw kafkaError(failed.errorCode, `group ${coordinator.groupId}: commit of ${partitionName(failed)}`)
    })
  }

  /** Stops heartbeats and leaves, over a link where no join of ours is waiting; a failure to do so costs the group time only. */
  async leave(beside: ClusterLink): Promise<void> {
    const { coordinator } = this.#options
    const memberId = this.#memberId
    this.#left = true
    this.#heartbeat.stop()
    this.#member = undefined
    if (memberId === '') return
    const leaving = coordinator
      .askBeside(beside, leaveGroupCall(coordinator.groupId, memberId))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        beside.logger.warn(
          { groupId: coordinator.groupId },
          `left without a goodbye, which delays the others: ${reason}`,
        )
      })
    const limit = new AbortController()
    await Promise.race([leaving.finally(() => limit.abort()), beside.time.wait(LEAVE_LIMIT_MS, limit.signal)])
  }

  async #askToJoin(): Promise<JoinGroupResponse> {
    const { coordinator, sessionTimeoutMs, rebalanceTimeoutMs, topics } = this.#options
    this.#heartbeat.stop()
    this.#member = undefined
    const subscription = encodeSubscription({ topics, owned: this.#owned, generation: this.#ownedSince })
    const { groupId } = coordinator
    const call = joinGroupCall({
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      protocolName: ASSIGNOR_NAME,
      subscription,
    })
    return await coordinator.askAgain(call, ({ errorCode }) => [errorCode])
  }

  async #sync(joined: JoinGroupResponse): Promise<number> {
    const { coordinator, rebalanceTimeoutMs } = this.#options
    const { generation, memberId } = joined
    this.#memberId = memberId
    const member = { groupId: coordinator.groupId, generation, memberId }
    const assignments = joined.leaderId === memberId ? await this.#divide(joined) : new Map<string, Buffer>()
    const call = syncGroupCall(member, assignments, rebalanceTimeoutMs)
    const { errorCode, assignment } = await coordinator.askAgain(call, (response) => [response.errorCode])
    this.#throwIfLeft()
    if (errorCode !== KafkaErrorCode.none) return errorCode
    this.#owned = decodeAssignment(assignment)
    this.#ownedSince = generation
    this.#member = member
    this.#heartbeat.start(member)
    return KafkaErrorCode.none
  }

  #throwIfLeft(): void {
    if (this.#left)
      throw new StreamsError('group-lost', `group ${this.#options.coordinator.groupId}: left while joining`)
  }

  async #divide({ members }: JoinGroupResponse): Promise<Map<string, Buffer>> {
    const { partitionCount } = this.#options
    const subscribed = members.map(({ memberId, subscription }) => ({ memberId, ...decodeSubscription(subscription) }))
    const topics = [...new Set(subscribed.flatMap((member) => member.topics))]
    const counts = await Promise.all(topics.map((topic) => partitionCount(topic)))
    const partitionCounts = new Map(topics.map((topic, index) => [topic, counts[index] ?? 0]))
    const assigned = assignPartitions(subscribed, partitionCounts)
    return new Map([...assigned].map(([memberId, partitions]) => [memberId, encodeAssignment(partitions)]))
  }
}
