import { byTopic } from './by-topic.ts'
import type { Call } from './call.ts'

export interface FetchRequest {
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly isolation: Isolation
  /** Served in this order until `maxBytes` is reached, so the order decides who comes first. */
  readonly partitions: readonly FetchPartition[]
}

export type Isolation = 'read_uncommitted' | 'read_committed'

export interface FetchPartition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly maxBytes: number
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  /** Below it every transaction is decided; equal to the high watermark where there are no transactions. */
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** Record batches one after the other, the last one possibly cut off: a view over the response. */
  readonly records: Buffer | null
}

export interface FetchResponse {
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
}

const CONSUMER_REPLICA_ID = -1
const NO_SESSION_ID = 0
const NO_SESSION_EPOCH = -1
const ANY_LEADER_EPOCH = -1
const NO_LOG_START = -1

export function isolationLevel(isolation: Isolation): number {
  return isolation === 'read_committed' ? 1 : 0
}

/** Reads records of partitions led by one broker, waiting up to `maxWaitMs` for the first byte. No fetch session. */
export function fetchCall(request: FetchRequest): Call<FetchResponse> {
  return {
    apiKey: 1,
    apiVersion: 11,
    apiName: 'Fetch',
    holdMs: request.maxWaitMs,
    encode: (writer) => {
      writer.int32(CONSUMER_REPLICA_ID).int32(request.maxWaitMs).int32(1).int32(request.maxBytes)
      writer.int8(isolationLevel(request.isolation)).int32(NO_SESSION_ID).int32(NO_SESSION_EPOCH)
      writer.array(byTopic(request.partitions), ({ topic, entries }) => {
        writer.string(topic).array(entries, ({ partition, offset, maxBytes }) => {
          writer.int32(partition).int32(ANY_LEADER_EPOCH).int64(offset).int64(NO_LOG_START).int32(maxBytes)
        })
      })
      writer.int32(0) // forgotten_topics_data
      writer.string('') // rack_id
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      const errorCode = reader.int16()
      reader.int32() // session_id
      const topics = reader.array(() => {
        const topic = reader.string()
        return reader.array(() => {
          const partition = reader.int32()
          const partitionErrorCode = reader.int16()
          const highWatermark = reader.int64()
          const lastStableOffset = reader.int64()
          const logStartOffset = reader.int64()
          const abortedTransactions = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }))
          reader.int32() // preferred_read_replica
          const records = reader.nullableBytes()
          return {
            topic,
            partition,
            errorCode: partitionErrorCode,
            highWatermark,
            lastStableOffset,
            logStartOffset,
            abortedTransactions,
            records,
          }
        })
      })
      return { errorCode, partitions: topics.flat() }
    },
  }
}
