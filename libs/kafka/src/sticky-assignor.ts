import type { TopicPartition } from '@tidemark/streams'
import type { Subscription } from './protocol/consumer-protocol.ts'

export interface AssigningMember extends Subscription {
  readonly memberId: string
}

/**
 * Divides partitions among the members of a group. Partition p of every topic goes to the same member, so that topics can be
 * joined; within topics of the same subscribers no member has more than one such p above another; and a member keeps what it
 * had, as far as that allows. Depends on nothing but its arguments, and not on their order.
 */
export function assignPartitions(
  members: readonly AssigningMember[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const sorted = [...members].sort(byMemberId)
  const assigned = new Map<string, TopicPartition[]>(sorted.map(({ memberId }) => [memberId, []]))
  for (const { topics, subscribers } of sameSubscribers(sorted)) {
    const count = Math.max(0, ...topics.map((topic) => partitionCounts.get(topic) ?? 0))
    const load = new Map([...assigned].map(([memberId, { length }]) => [memberId, length]))
    const division = { count, owner: owners(subscribers, topics), load }
    for (const [memberId, numbers] of divide(subscribers, division)) {
      const mine = assigned.get(memberId) ?? []
      for (const topic of topics) {
        const ofTopic = partitionCounts.get(topic) ?? 0
        for (const partition of numbers) if (partition < ofTopic) mine.push({ topic, partition })
      }
    }
  }
  return assigned
}

interface TopicGroup {
  readonly topics: string[]
  readonly subscribers: readonly AssigningMember[]
}

/** Members of one version of an application all read the same topics; during an upgrade they may not. */
function sameSubscribers(members: readonly AssigningMember[]): TopicGroup[] {
  const groups = new Map<string, TopicGroup>()
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort()
  for (const topic of topics) {
    const subscribers = members.filter((member) => member.topics.includes(topic))
    const key = JSON.stringify(subscribers.map(({ memberId }) => memberId))
    const group = groups.get(key) ?? { topics: [], subscribers }
    group.topics.push(topic)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Who had which partition number; of two who say so, the one of the later generation is right. */
function owners(subscribers: readonly AssigningMember[], topics: readonly string[]): Map<number, string> {
  const claims = new Map<number, AssigningMember>()
  for (const member of subscribers) {
    for (const { topic, partition } of member.owned) {
      const claimed = claims.get(partition)
      const later = claimed === undefined || claimed.generation < member.generation
      if (later && topics.includes(topic)) claims.set(partition, member)
    }
  }
  return new Map([...claims].map(([partition, { memberId }]) => [partition, memberId]))
}

interface Division {
  readonly count: number
  /** Who had a partition number. */
  readonly owner: ReadonlyMap<number, string>
  /** What members have got of other topics: the one with less comes first for what does not come out even. */
  readonly load: ReadonlyMap<string, number>
}

function divide(subscribers: readonly AssigningMember[], { count, owner, load }: Division): Map<string, number[]> {
  const shares = new Map<string, number[]>(subscribers.map(({ memberId }) => [memberId, []]))
  const free: number[] = []
  const kept = (memberId: string) => shares.get(memberId) ?? []
  for (let partition = 0; partition < count; partition++) {
    const had = owner.get(partition)
    ;(had === undefined ? free : kept(had)).push(partition)
  }
  const loaded = (memberId: string) => load.get(memberId) ?? 0
  const ranked = [...shares.keys()].sort(
    (a, b) => kept(b).length - kept(a).length || loaded(a) - loaded(b) || compare(a, b),
  )
  const quota = new Map(ranked.map((memberId, rank) => [memberId, quotaOf(rank, count, ranked.length)]))
  for (const memberId of ranked) free.push(...kept(memberId).splice(quota.get(memberId) ?? 0))
  free.sort((a, b) => a - b)
  for (const memberId of ranked) {
    const missing = (quota.get(memberId) ?? 0) - kept(memberId).length
    kept(memberId).push(...free.splice(0, missing))
    kept(memberId).sort((a, b) => a - b)
  }
  return shares
}

/** The first ones have one more where it does not come out even. */
function quotaOf(rank: number, count: number, members: number): number {
  return Math.floor(count / members) + (rank < count % members ? 1 : 0)
}

function byMemberId(a: AssigningMember, b: AssigningMember): number {
  return compare(a.memberId, b.memberId)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
