import type { Call } from './call.ts'
import type { GroupMember } from './sync-group.ts'

/** Tells the coordinator that a member is alive; answered with an error code. */
export function heartbeatCall(member: GroupMember): Call<number> {
  return {
    apiKey: 12,
    apiVersion: 3,
    apiName: 'Heartbeat',
    encode: (writer) => {
      writer.string(member.groupId).int32(member.generation).string(member.memberId).string(null)
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return reader.int16()
    },
  }
}
