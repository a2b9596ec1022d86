import type { CommittedOffset } from '@tidemark/streams'
import { byTopic } from './by-topic.ts'
import type { Call } from './call.ts'
import type { GroupMember } from './sync-group.ts'

export interface OffsetCommitResult {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
}

const ANY_LEADER_EPOCH = -1

/** Commits a member's offsets; refused where the group has moved on to another generation. */
export function offsetCommitCall(member: GroupMember, offsets: readonly CommittedOffset[]): Call<OffsetCommitResult[]> {
  return {
    apiKey: 8,
    apiVersion: 7,
    apiName: 'OffsetCommit',
    encode: (writer) => {
      writer.string(member.groupId).int32(member.generation).string(member.memberId).string(null)
      writer.array(byTopic(offsets), ({ topic, entries }) => {
        writer.string(topic).array(entries, ({ partition, offset, metadata }) => {
          writer.int32(partition).int64(offset).int32(ANY_LEADER_EPOCH).string(metadata)
        })
      })
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      const topics = reader.array(() => {
        const topic = reader.string()
        return reader.array(() => ({ topic, partition: reader.int32(), errorCode: reader.int16() }))
      })
      return topics.flat()
    },
  }
}
