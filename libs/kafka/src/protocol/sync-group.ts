import type { Call } from './call.ts'

/** A member of one generation of a group. */
export interface GroupMember {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
}

export interface SyncGroupResponse {
  readonly errorCode: number
  readonly assignment: Buffer
}

/** The leader hands in every member's assignment, the others none; each is answered with its own. */
export function syncGroupCall(
  member: GroupMember,
  assignments: ReadonlyMap<string, Buffer>,
  rebalanceTimeoutMs: number,
): Call<SyncGroupResponse> {
  return {
    apiKey: 14,
    apiVersion: 3,
    apiName: 'SyncGroup',
    holdMs: rebalanceTimeoutMs,
    encode: (writer) => {
      writer.string(member.groupId).int32(member.generation).string(member.memberId).string(null)
      writer.array([...assignments], ([memberId, assignment]) => {
        writer.string(memberId).sizedBytes(assignment)
      })
    },
    decode: (reader) => {
      reader.int32() // throttle_time_ms
      return { errorCode: reader.int16(), assignment: reader.nullableBytes() ?? Buffer.alloc(0) }
    },
  }
}
