import type { Call } from './call.ts'
import { writeEpoch, type TransactionWriter } from './transaction-writer.ts'

/** Makes a group's offsets part of the open transaction, or opens one. Answers an error code. */
export function addOffsetsToTxnCall(owner: TransactionWriter, groupId: string): Call<number> {
  return {
    apiKey: 25,
    apiVersion: 1,
    apiName: 'AddOffsetsToTxn',
    encode: (writer) => {
      writeEpoch(writer.string(owner.transactionalId), owner)
      writer.string(groupId)
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return reader.int16()
    },
  }
}
