import type { GroupDescription } from '@tidemark/kafka'
import type { CommittedOffset } from '@tidemark/streams'
import type { PartitionLog } from './reset-plan.ts'
import type { ResetCluster } from './reset.ts'

/** The topics and groups of a cluster as plain data, behind what a reset needs. */
export class FakeCluster implements ResetCluster {
  readonly topics = new Map<string, PartitionLog[]>()
  readonly offsets = new Map<string, CommittedOffset[]>()
  readonly members = new Map<string, GroupDescription['members']>()
  /** Called before each change, which it may refuse by throwing. */
  onChange: (change: string) => void = () => undefined

  readonly operations: { -readonly [Call in keyof ResetCluster['operations']]: ResetCluster['operations'][Call] } = {
    listTopics: async () => [...this.topics.keys()].sort(),
    listGroups: async () => [...this.offsets.keys()].sort(),
    describeGroup: async (groupId) => {
      const members = this.members.get(groupId) ?? []
      const state = members.length > 0 ? 'Stable' : this.offsets.has(groupId) ? 'Empty' : 'Dead'
      return { groupId, state, members }
    },
    committedOffsets: async (groupId) => this.offsets.get(groupId) ?? [],
    setOffsets: async (groupId, offsets) => {
      this.onChange(`set offsets of ${groupId}`)
      const others = (this.offsets.get(groupId) ?? []).filter(
        (kept) => !offsets.some(({ topic, partition }) => topic === kept.topic && partition === kept.partition),
      )
      this.offsets.set(groupId, [...others, ...offsets])
    },
    deleteGroup: async (groupId) => {
      this.onChange(`delete group ${groupId}`)
      this.offsets.delete(groupId)
    },
    emptyTopic: async (topic) => {
      this.onChange(`empty ${topic}`)
      const partitions = this.topics.get(topic) ?? []
      this.topics.set(
        topic,
        partitions.map(({ endOffset }) => ({ startOffset: endOffset, endOffset })),
      )
    },
  }

  readonly admin: ResetCluster['admin'] = {
    deleteTopics: async (names) => {
      for (const name of names) {
        this.onChange(`delete ${name}`)
        this.topics.delete(name)
      }
    },
  }

  readonly reader: ResetCluster['reader'] = { offsets: async (topic) => this.topics.get(topic) ?? [] }

  addTopic(name: string, ...partitions: [startOffset: number, endOffset: number][]): void {
    this.topics.set(
      name,
      partitions.map(([startOffset, endOffset]) => ({ startOffset, endOffset })),
    )
  }

  commit(groupId: string, topic: string, ...offsets: number[]): void {
    const committed = offsets.map((offset, partition) => ({ topic, partition, offset, metadata: 'state' }))
    this.offsets.set(groupId, [...(this.offsets.get(groupId) ?? []), ...committed])
  }
}
