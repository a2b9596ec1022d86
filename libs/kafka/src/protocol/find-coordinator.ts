import type { Call } from './call.ts'
import type { BrokerAddress } from './metadata.ts'

export interface FindCoordinatorResponse {
  readonly errorCode: number
  readonly coordinator: BrokerAddress
}

const GROUP = 0

/** Asks any broker which one coordinates a group. */
export function findCoordinatorCall(groupId: string): Call<FindCoordinatorResponse> {
  return {
    apiKey: 10,
    apiVersion: 2,
    apiName: 'FindCoordinator',
    encode: (writer) => {
      writer.string(groupId).int8(GROUP)
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      const errorCode = reader.int16()
      reader.nullableString() // error_message
      const coordinator = { nodeId: reader.int32(), host: reader.string(), port: reader.int32(), rack: null }
      return { errorCode, coordinator }
    },
  }
}
