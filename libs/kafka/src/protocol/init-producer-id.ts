import type { Call } from './call.ts'

export interface InitProducerIdResponse {
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}

export interface InitTransactions {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
}

const UNUSED_TRANSACTION_TIMEOUT_MS = 60_000

/**
 * Asks for a producer id: any broker without transactions, the id's coordinator with them. There it ends an open transaction of
 * the same id and fences its producer.
 */
export function initProducerIdCall(transactions?: InitTransactions): Call<InitProducerIdResponse> {
  return {
    apiKey: 22,
    apiVersion: 1,
    apiName: 'InitProducerId',
    encode: (writer) => {
      writer.string(transactions?.transactionalId ?? null)
      writer.int32(transactions?.transactionTimeoutMs ?? UNUSED_TRANSACTION_TIMEOUT_MS)
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return { errorCode: reader.int16(), producerId: reader.int64(), producerEpoch: reader.int16() }
    },
  }
}
