import type { TopicPartition } from '@tidemark/streams'
import { byTopic } from './by-topic.ts'
import type { Call } from './call.ts'
import { readPartitionResults, writeEpoch, type PartitionResult, type TransactionWriter } from './transaction-writer.ts'

/** Makes partitions part of the open transaction, or opens one: must be answered before records go to them. */
export function addPartitionsToTxnCall(
  owner: TransactionWriter,
  partitions: readonly TopicPartition[],
): Call<PartitionResult[]> {
  return {
    apiKey: 24,
    apiVersion: 1,
    apiName: 'AddPartitionsToTxn',
    encode: (writer) => {
      writeEpoch(writer.string(owner.transactionalId), owner)
      writer.array(byTopic(partitions), ({ topic, entries }) => {
        writer.string(topic).array(entries, ({ partition }) => writer.int32(partition))
      })
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return readPartitionResults(reader)
    },
  }
}
