import type { Call } from './call.ts'

export interface BrokerAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionMetadata {
  readonly errorCode: number
  readonly partition: number
  /** The leading broker, or -1 while there is none. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
}

export interface TopicMetadata {
  readonly errorCode: number
  readonly topic: string
  readonly partitions: readonly PartitionMetadata[]
}

export interface MetadataResponse {
  readonly brokers: readonly BrokerAddress[]
  readonly topics: readonly TopicMetadata[]
}

/** Where the partitions of these topics are led. Topics are never created by asking. */
export function metadataCall(topics: readonly string[]): Call<MetadataResponse> {
  return {
    apiKey: 3,
    apiVersion: 8,
    apiName: 'Metadata',
    encode: (writer) => {
      writer.array(topics, (topic) => writer.string(topic))
      writer.bool(false) // allow_auto_topic_creation
      writer.bool(false) // include_cluster_authorized_operations
      writer.bool(false) // include_topic_authorized_operations
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      const brokers = reader.array(() => ({
        nodeId: reader.int32(),
        host: reader.string(),
        port: reader.int32(),
        rack: reader.nullableString(),
      }))
      reader.nullableString() // cluster_id
      reader.int32() // controller_id
      const decoded = reader.array(() => {
        const errorCode = reader.int16()
        const topic = reader.string()
        reader.bool() // is_internal
        const partitions = reader.array(() => {
          const partition = {
            errorCode: reader.int16(),
            partition: reader.int32(),
            leaderId: reader.int32(),
            leaderEpoch: reader.int32(),
            replicas: reader.array(() => reader.int32()),
          }
          reader.array(() => reader.int32()) // isr_nodes
          reader.array(() => reader.int32()) // offline_replicas
          return partition
        })
        reader.int32() // topic_authorized_operations
        return { errorCode, topic, partitions }
      })
      reader.int32() // cluster_authorized_operations
      return { brokers, topics: decoded }
    },
  }
}
