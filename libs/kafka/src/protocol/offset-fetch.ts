import type { TopicPartition } from '@tidemark/streams'
import { byTopic } from './by-topic.ts'
import type { ByteReader } from './byte-reader.ts'
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

/** Asks a group's coordinator for its committed offsets: an error code while a transaction that commits some of them is open. */
export function offsetFetchCall(groupId: string, partitions: readonly TopicPartition[]): Call<OffsetFetchResponse> {
  return {
    apiKey: 9,
    apiVersion: 7,
    apiName: 'OffsetFetch',
    flexible: true,
    encode: (writer) => {
      writer.compactString(groupId).compactArray(byTopic(partitions), ({ topic, entries }) => {
        writer.compactString(topic).compactArray(entries, ({ partition }) => writer.int32(partition))
        writer.noTags()
      })
      writer.bool(true) // require_stable
      writer.noTags()
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      const topics = reader.compactArray(() => {
        const topic = reader.compactString()
        const offsets = reader.compactArray(() => readOffset(reader, topic))
        reader.skipTags()
        return offsets
      })
      const errorCode = reader.int16()
      reader.skipTags()
      return { offsets: topics.flat(), errorCode }
    },
  }
}

function readOffset(reader: ByteReader, topic: string): FetchedOffset {
  const partition = reader.int32()
  const offset = reader.int64()
  reader.int32() // committed_leader_epoch
  const metadata = reader.compactString()
  const errorCode = reader.int16()
  reader.skipTags()
  return { topic, partition, offset, metadata, errorCode }
}
