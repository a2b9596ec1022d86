import { byTopic } from './by-topic.ts'
import type { Call } from './call.ts'
import { isolationLevel, type Isolation } from './fetch.ts'

/** `earliest`: the first record still kept. `latest`: after the last one that a reader of this isolation sees. */
export type OffsetAt = 'earliest' | 'latest'

export interface ListOffsetsRequest {
  readonly isolation: Isolation
  readonly partitions: readonly { readonly topic: string; readonly partition: number; readonly at: OffsetAt }[]
}

export interface ListedOffset {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly offset: number
}

const TIMESTAMP = { earliest: -2, latest: -1 } as const
const CONSUMER_REPLICA_ID = -1
const ANY_LEADER_EPOCH = -1

/** Looks up the ends of partitions led by one broker. */
export function listOffsetsCall(request: ListOffsetsRequest): Call<ListedOffset[]> {
  return {
    apiKey: 2,
    apiVersion: 5,
    apiName: 'ListOffsets',
    encode: (writer) => {
      writer.int32(CONSUMER_REPLICA_ID).int8(isolationLevel(request.isolation))
      writer.array(byTopic(request.partitions), ({ topic, entries }) => {
        writer.string(topic).array(entries, ({ partition, at }) => {
          writer.int32(partition).int32(ANY_LEADER_EPOCH).int64(TIMESTAMP[at])
        })
      })
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      const topics = reader.array(() => {
        const topic = reader.string()
        return reader.array(() => {
          const partition = reader.int32()
          const errorCode = reader.int16()
          reader.int64() // timestamp
          const offset = reader.int64()
          reader.int32() // leader_epoch
          return { topic, partition, errorCode, offset }
        })
      })
      return topics.flat()
    },
  }
}
