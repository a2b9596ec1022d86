import type { Call } from './call.ts'

export interface JoinGroupRequest {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Empty for a member that is new; the coordinator then names it and asks to join again. */
  readonly memberId: string
  readonly protocolName: string
  /** The member's subscription, in the consumer protocol's encoding. */
  readonly subscription: Buffer
}

export interface JoinGroupResponse {
  readonly errorCode: number
  readonly generation: number
  readonly protocolName: string
  readonly leaderId: string
  readonly memberId: string
  /** All members, for the leader alone. */
  readonly members: readonly { readonly memberId: string; readonly subscription: Buffer }[]
}

export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** Joins a group; answered when all its members have joined, or their time to do so is over. */
export function joinGroupCall(request: JoinGroupRequest): Call<JoinGroupResponse> {
  return {
    apiKey: 11,
    apiVersion: 5,
    apiName: 'JoinGroup',
    holdMs: request.rebalanceTimeoutMs,
    encode: (writer) => {
      writer.string(request.groupId).int32(request.sessionTimeoutMs).int32(request.rebalanceTimeoutMs)
      writer.string(request.memberId).string(null).string(CONSUMER_PROTOCOL_TYPE)
      writer.array([request], ({ protocolName, subscription }) => {
        writer.string(protocolName).sizedBytes(subscription)
      })
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return {
        errorCode: reader.int16(),
        generation: reader.int32(),
        protocolName: reader.string(),
        leaderId: reader.string(),
        memberId: reader.string(),
        members: reader.array(() => {
          const memberId = reader.string()
          reader.nullableString() // group_instance_id
          return { memberId, subscription: reader.nullableBytes() ?? Buffer.alloc(0) }
        }),
      }
    },
  }
}
