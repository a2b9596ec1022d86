import type { CommittedOffset } from '@tidemark/streams'
import { byTopic } from './by-topic.ts'
import type { Call } from './call.ts'
import { readPartitionResults, writeEpoch, type PartitionResult, type TransactionWriter } from './transaction-writer.ts'

const ANY_LEADER_EPOCH = -1

/** Hands a group's coordinator the offsets that become the group's when the transaction is committed. */
export function txnOffsetCommitCall(
  owner: TransactionWriter,
  groupId: string,
  offsets: readonly CommittedOffset[],
): Call<PartitionResult[]> {
  return {
    apiKey: 28,
    apiVersion: 2,
    apiName: 'TxnOffsetCommit',
    encode: (writer) => {
      writeEpoch(writer.string(owner.transactionalId).string(groupId), owner)
      writer.array(byTopic(offsets), ({ topic, entries }) => {
        writer.string(topic).array(entries, ({ partition, offset, metadata }) => {
          writer.int32(partition).int64(offset).int32(ANY_LEADER_EPOCH).string(metadata)
        })
      })
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return readPartitionResults(reader)
    },
  }
}
