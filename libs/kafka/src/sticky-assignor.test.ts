import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignPartitions, type AssigningMember } from './sticky-assignor.ts'

const newMember = (memberId: string, topics: readonly string[]): AssigningMember => ({
  memberId,
  topics,
  owned: [],
  generation: -1,
})

const memberIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 7 })
const counts = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 13 }), { minKeys: 1 })

/** Members that all read all topics, and what each was given. */
const group = fc.tuple(memberIds, counts).map(([ids, partitions]) => {
  const partitionCounts = new Map(Object.entries(partitions))
  const members = ids.map((id) => newMember(id, [...partitionCounts.keys()]))
  return { members, partitionCounts, assigned: assignPartitions(members, partitionCounts) }
})

const anySubscriptions = fc.tuple(
  fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.subarray(['a', 'b', 'c']), { minKeys: 1, maxKeys: 6 }),
  counts,
)

function numbersOf(assigned: ReadonlyMap<string, readonly { partition: number }[]>): Set<number>[] {
  return [...assigned.values()].map((partitions) => new Set(partitions.map(({ partition }) => partition)))
}

test('gives every partition to exactly one of its subscribers', () => {
  fc.assert(
    fc.property(anySubscriptions, ([subscriptions, partitions]) => {
      const members = Object.entries(subscriptions).map(([id, topics]) => newMember(id, topics))
      const assigned = assignPartitions(members, new Map(Object.entries(partitions)))
      const given = [...assigned].flatMap(([id, own]) => own.map(({ topic, partition }) => ({ id, topic, partition })))
      for (const { id, topic } of given) expect(subscriptions[id]).toContain(topic)
      const read = new Set(Object.values(subscriptions).flat())
      const expected = Object.entries(partitions).flatMap(([topic, count]) =>
        read.has(topic) ? Array.from({ length: count }, (_, partition) => `${topic}/${partition}`) : [],
      )
      expect(given.map(({ topic, partition }) => `${topic}/${partition}`).sort()).toEqual(expected.sort())
    }),
  )
})

test('gives partition p of every topic to the same member', () => {
  fc.assert(
    fc.property(group, ({ assigned }) => {
      const numbers = numbersOf(assigned).flatMap((set) => [...set])
      expect(new Set(numbers).size).toBe(numbers.length)
    }),
  )
})

test('no member has more than one partition number above another', () => {
  fc.assert(
    fc.property(group, ({ assigned }) => {
      const sizes = numbersOf(assigned).map(({ size }) => size)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

test('does not depend on the order of members or of what they own', () => {
  fc.assert(
    fc.property(group, ({ members, partitionCounts, assigned }) => {
      const owning = members.map((member) => ({ ...member, owned: assigned.get(member.memberId) ?? [], generation: 1 }))
      const turned = [...owning].reverse().map((member) => ({ ...member, owned: [...member.owned].reverse() }))
      expect(assignPartitions(turned, partitionCounts)).toEqual(assignPartitions(owning, partitionCounts))
    }),
  )
})

test('changes nothing when the group stays as it is', () => {
  fc.assert(
    fc.property(group, ({ members, partitionCounts, assigned }) => {
      const owning = members.map((member) => ({ ...member, owned: assigned.get(member.memberId) ?? [], generation: 1 }))
      expect(assignPartitions(owning, partitionCounts)).toEqual(assigned)
    }),
  )
})

test('moves only what a member that left or came makes necessary', () => {
  fc.assert(
    fc.property(group, fc.boolean(), ({ members, partitionCounts, assigned }, leaves) => {
      const owning = members.map((member) => ({ ...member, owned: assigned.get(member.memberId) ?? [], generation: 1 }))
      const topics = [...partitionCounts.keys()]
      const next = leaves && owning.length > 1 ? owning.slice(1) : [...owning, newMember('newcomer', topics)]
      const after = assignPartitions(next, partitionCounts)
      const numbers = Math.max(0, ...partitionCounts.values())
      const fairShare = Math.floor(numbers / next.length)
      for (const { memberId, owned } of next) {
        const before = new Set(owned.map(({ partition }) => partition))
        const kept = (after.get(memberId) ?? []).filter(({ partition }) => before.has(partition))
        const keptNumbers = new Set(kept.map(({ partition }) => partition)).size
        expect(keptNumbers).toBeGreaterThanOrEqual(Math.min(before.size, fairShare))
      }
    }),
  )
})

test('believes the later of two members that claim the same partition', () => {
  const owned = [{ topic: 'a', partition: 1 }]
  const members = [
    { memberId: 'm1', topics: ['a'], owned, generation: 4 },
    { memberId: 'm2', topics: ['a'], owned, generation: 5 },
  ]
  expect(assignPartitions(members, new Map([['a', 2]])).get('m2')).toEqual(owned)
})
