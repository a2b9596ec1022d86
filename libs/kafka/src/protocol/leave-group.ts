import type { Call } from './call.ts'

/** Takes a member out of its group at once; answered with an error code. */
export function leaveGroupCall(groupId: string, memberId: string): Call<number> {
  return {
    apiKey: 13,
    apiVersion: 3,
    apiName: 'LeaveGroup',
    encode: (writer) => {
      writer.string(groupId).array([memberId], (id) => {
        writer.string(id).string(null)
      })
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      const errorCode = reader.int16()
      const members = reader.array(() => {
        reader.string() // member_id
        reader.nullableString() // group_instance_id
        return reader.int16()
      })
      return errorCode === 0 ? (members[0] ?? 0) : errorCode
    },
  }
}
