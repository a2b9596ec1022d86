import type { TopicPartition } from '@tidemark/streams'
import { byTopic } from './by-topic.ts'
import type { Call } from './call.ts'

export interface FetchedOffset {
  readonly topic: string
  readonly partition: number
  /** -1 where the group has none. */
  readonly offset: number
  readonly metadata: string
  readonly errorCode: number
}

export interface OffsetFetchResponse {
  readonly errorCode: number
  readonly offsets: readonly FetchedOffset[]
}

/** Asks a group's coordinator for its committed offsets. */
export function offsetFetchCall(groupId: string, partitions: readonly TopicPartition[]): Call<OffsetFetchResponse> {
  return {
    apiKey: 9,
    apiVersion: 5,
    apiName: 'OffsetFetch',
    encode: (writer) => {
      writer.string(groupId).array(byTopic(partitions), ({ topic, entries }) => {
        writer.string(topic).array(entries, ({ partition }) => writer.int32(partition))
      })
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      const topics = reader.array(() => {
        const topic = reader.string()
        return reader.array(() => {
          const partition = reader.int32()
          const offset = reader.int64()
          reader.int32() // committed_leader_epoch
          const metadata = reader.string()
          return { topic, partition, offset, metadata, errorCode: reader.int16() }
        })
      })
      return { offsets: topics.flat(), errorCode: reader.int16() }
    },
  }
}
