import type { Call } from './call.ts'
import type { BrokerAddress } from './metadata.ts'

export interface FindCoordinatorResponse {
  readonly errorCode: number
  readonly coordinator: BrokerAddress
}

/** What a broker coordinates: a consumer group, or the transactions of one transactional id. */
export interface Coordinated {
  readonly kind: 'group' | 'transaction'
  readonly id: string
}

const KEY_TYPES = { group: 0, transaction: 1 } as const

/** Asks any broker which one coordinates a group, or the transactions of an id. */
export function findCoordinatorCall({ kind, id }: Coordinated): Call<FindCoordinatorResponse> {
  return {
    apiKey: 10,
    apiVersion: 2,
    apiName: 'FindCoordinator',
    encode: (writer) => {
      writer.string(id).int8(KEY_TYPES[kind])
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
