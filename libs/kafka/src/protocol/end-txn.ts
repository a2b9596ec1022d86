import type { Call } from './call.ts'
import { writeEpoch, type TransactionWriter } from './transaction-writer.ts'

/** Commits or aborts the open transaction; it is decided when this is answered. Answers an error code. */
export function endTxnCall(owner: TransactionWriter, end: 'commit' | 'abort'): Call<number> {
  return {
    apiKey: 26,
    apiVersion: 1,
    apiName: 'EndTxn',
    encode: (writer) => {
      writeEpoch(writer.string(owner.transactionalId), owner)
      writer.bool(end === 'commit')
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return reader.int16()
    },
  }
}
