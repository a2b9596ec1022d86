import type { Call } from './call.ts'

export interface InitProducerIdResponse {
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}

const UNUSED_TRANSACTION_TIMEOUT_MS = 60_000

/** Asks any broker for an id of an idempotent producer without transactions. */
export function initProducerIdCall(): Call<InitProducerIdResponse> {
  return {
    apiKey: 22,
    apiVersion: 1,
    apiName: 'InitProducerId',
    encode: (writer) => {
      writer.string(null).int32(UNUSED_TRANSACTION_TIMEOUT_MS)
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return { errorCode: reader.int16(), producerId: reader.int64(), producerEpoch: reader.int16() }
    },
  }
}
