import { byTopic } from './by-topic.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { Call } from './call.ts'

export interface ProduceRequest {
  /** Of the transaction that the batches are part of; null outside of one. */
  readonly transactionalId: string | null
  readonly timeoutMs: number
  readonly partitions: readonly ProducePartition[]
}

export interface ProducePartition {
  readonly topic: string
  readonly partition: number
  /** Size of what `writeRecords` writes. */
  readonly recordsBytes: number
  /** Writes one record batch, header included, straight into the request. */
  writeRecords(writer: ByteWriter): void
}

export interface ProducedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: number
  /** The broker's own words on records that it refused. */
  readonly errorMessage: string | null
}

const ALL_IN_SYNC_REPLICAS = -1
const BYTES_BESIDE_RECORDS = 256

/** Appends one record batch to each of these partitions, led by one broker; answered when all in-sync replicas have it. */
export function produceCall(request: ProduceRequest): Call<ProducedPartition[]> {
  const expectedBytes = request.partitions.reduce(
    (sum, { recordsBytes, topic }) => sum + recordsBytes + topic.length + BYTES_BESIDE_RECORDS,
    BYTES_BESIDE_RECORDS,
  )
  return {
    apiKey: 0,
    apiVersion: 8,
    apiName: 'Produce',
    expectedBytes,
    holdMs: request.timeoutMs,
    encode: (writer) => {
      writer.string(request.transactionalId)
      writer.int16(ALL_IN_SYNC_REPLICAS).int32(request.timeoutMs)
      writer.array(byTopic(request.partitions), ({ topic, entries }) => {
        writer.string(topic).array(entries, (entry) => {
          const lengthAt = writer.int32(entry.partition).length
          writer.int32(0)
          entry.writeRecords(writer)
          writer.uint32At(lengthAt, writer.length - lengthAt - 4)
        })
      })
    },
    decode: (reader) => {
      const topics = reader.array(() => {
        const topic = reader.string()
        return reader.array(() => {
          const partition = reader.int32()
          const errorCode = reader.int16()
          const baseOffset = reader.int64()
          reader.int64() // log_append_time_ms
          reader.int64() // log_start_offset
          const refused = reader.array(() => {
            reader.int32() // batch_index
            return reader.nullableString()
          })
          const errorMessage = reader.nullableString() ?? refused.find((message) => message !== null) ?? null
          return { topic, partition, errorCode, baseOffset, errorMessage }
        })
      })
      reader.int32() // throttle_time_ms
      return topics.flat()
    },
  }
}
